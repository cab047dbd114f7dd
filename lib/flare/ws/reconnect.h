// Clients that come again: a session after the other, with pauses that do not bring all clients of a server that was
// away back at one moment.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "flare/ws/client.h"
#include "flare/ws/stream_session.h"

namespace flare::ws {

/// Pauses grow by a factor of two, and each lasts a random part of what it may ("full jitter").
struct Reconnect {
  std::chrono::milliseconds first{500};  ///< what the first pause may last
  std::chrono::milliseconds most{30'000};
  /// How often in a row it is tried again before run_client gives up; nullopt: it never does.
  std::optional<std::size_t> attempts;
};

/// The pause after `failures` others, with a random word of 32 bits. Pure.
std::chrono::milliseconds reconnect_delay(const Reconnect& options, std::size_t failures, std::uint32_t word) noexcept;

/// Connects, and has `handler` do what it does with the session; again after a pause where the connection could not be
/// made, broke, or was closed by the server with another code than 1000. A connection that has lasted `most` is a new
/// start: pauses and attempts count anew. Done when the handler returns from a session that is open (which is closed
/// with 1000), or that has been closed with 1000 by either side. Errors: kCancelled after `cancelled`, which ends what
/// waits at once; the answer's (ws::connect) where the server refused with 3xx or 4xx; the last one after so many
/// attempts. What `handler` throws comes out when the session has been closed with 1011. `cancelled` outlives the task.
runtime::Task<Result<void>> run_client(runtime::Worker& worker, http::Url url, ConnectOptions options,
                                       Reconnect reconnect, SessionHandler handler, runtime::Cancellation& cancelled);

}  // namespace flare::ws
