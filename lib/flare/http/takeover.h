// What becomes of a connection behind a 101 (RFC 9110 §7.8): a WebSocket, a tunnel.
#pragma once

#include <memory>
#include <string>

#include "flare/http/connection_count.h"
#include "flare/io/any_stream.h"
#include "flare/runtime/task.h"
#include "flare/runtime/worker.h"

namespace flare::http {

/// Given along with a response of status 101, for a request whose content has been read. The connection writes the
/// head, hands over its stream, and is no more: what follows costs no more memory than it needs itself.
class Takeover {
 public:
  virtual ~Takeover() = default;
  /// `received`: what came behind the request. `stream` outlives the task, and finish(). On the connection's worker.
  virtual runtime::Task<void> run(io::AnyStream& stream, std::string received) = 0;
  /// Behind run(); `failed`: an exception has ended that. Lets none out.
  virtual runtime::Task<void> finish([[maybe_unused]] bool failed) { co_return; }
};

/// A root of the worker: the takeover, from `running`, which run() has given, to its end. Then the stream is closed,
/// and its place free.
runtime::Task<void> run_takeover(runtime::Worker& worker, std::unique_ptr<Takeover> takeover,
                                 std::unique_ptr<io::AnyStream> stream, runtime::Task<void> running,
                                 ConnectionCount::Place place);

}  // namespace flare::http
