// Runs an HTTP connection over memory: requests in, answers out, no socket and no reactor.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "flare/http/connection.h"
#include "flare/http/worker_context.h"
#include "tests/support/memory_stream.h"

namespace flare::test {

/// Serves what `wire` brings to the end of the connection.
inline void serve(Wire& wire, const http::Handler& handler, const http::Limits& limits = {},
                  http::Recorder* recorder = nullptr) {
  runtime::Worker worker;
  http::WorkerContext context(worker, handler, limits, "flared", recorder);
  worker.spawn(http::serve_connection<MemoryStream>(context, net::SocketAddr::localhost(40000), std::ref(wire)));
  while (worker.active_tasks() != 0) worker.run_once(std::chrono::milliseconds(0));  // file bodies yield between pieces
}

/// The whole input in one piece; what came back.
inline std::string answer(std::string_view input, const http::Handler& handler, const http::Limits& limits = {}) {
  Wire wire;
  wire.arriving.emplace_back(input);
  serve(wire, handler, limits);
  return wire.sent;
}

/// A response taken apart by its own framing.
struct Answer {
  std::string status_line;
  std::string fields;
  std::string body;
};

/// The answers in `bytes`, in order; `heads` says which of them answer a HEAD. Stops at anything malformed, which is
/// left in the last one's status_line as "malformed: ...".
std::vector<Answer> parse_answers(std::string_view bytes, const std::vector<bool>& heads = {});

}  // namespace flare::test
