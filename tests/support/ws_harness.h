// Runs a WebSocket session over memory: frames in, frames out, no socket and no reactor.
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "flare/ws/stream_session.h"
#include "tests/support/memory_stream.h"

namespace flare::test {

inline runtime::Task<void> run_session(ws::Turn& turn, const ws::SessionOptions& options, ws::Agreed agreed,
                                       const ws::SessionHandler& handler, Wire& wire, std::string input) {
  MemoryStream stream(wire);
  co_await ws::serve_session(turn, options, std::move(agreed), handler, stream, std::move(input));
}

/// Serves what `wire` brings, and `input` before it, to the end of the session; on a worker that is current().
inline void serve_ws(Wire& wire, const ws::SessionHandler& handler, const ws::SessionOptions& options = {},
                     ws::Agreed agreed = {}, std::string input = {}) {
  runtime::Worker worker;
  ws::Turn turn(worker);
  worker.post([&] { worker.spawn(run_session(turn, options, std::move(agreed), handler, wire, std::move(input))); });
  worker.run_once(std::chrono::milliseconds(0));
  while (worker.active_tasks() != 0) worker.run_once(std::chrono::milliseconds(0));
}

inline runtime::Task<void> echo(ws::Session& session) {
  while (auto message = co_await session.receive()) {
    const auto sent = co_await session.send(*message);
    if (!sent) co_return;
  }
}

}  // namespace flare::test
