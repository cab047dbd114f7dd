// What becomes of a connection behind a 101 (RFC 9110 §7.8): a WebSocket, a tunnel.
#pragma once

#include <string>

#include "flare/runtime/task.h"

namespace flare::io {
class AnyStream;
}

namespace flare::http {

/// Given along with a response of status 101, for a request whose content has been read. The connection writes the head
/// and hands over; it is closed when run() is done.
class Takeover {
 public:
  virtual ~Takeover() = default;
  /// `received`: what came behind the request. `stream` outlives the task. Runs on the connection's worker; lets no
  /// exception out.
  virtual runtime::Task<void> run(io::AnyStream& stream, std::string received) = 0;
};

}  // namespace flare::http
