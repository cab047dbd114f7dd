// The daemon's listening sockets: bound by the supervisor, handed to the workers.
#pragma once

#include <cstddef>
#include <vector>

#include "flare/base/error.h"
#include "flare/net/unique_fd.h"
#include "server/config/config.h"
#include "server/config/diagnostic.h"
#include "server/daemon/exit_code.h"

namespace flare::server {

/// One address of one listener, with a socket for each worker.
struct BoundAddress {
  std::size_t listener = 0;  ///< index in Config::listeners
  net::Endpoint endpoint;    ///< as bound: with the real port
  std::vector<net::UniqueFd> sockets;
  bool is_implied = false;  ///< not configured: beside one for all interfaces (see congestion.h)
};

struct Bound {
  std::vector<BoundAddress> addresses;
  config::Diagnostics diagnostics;  ///< FL0501, one for each address that could not be bound
  std::vector<ErrorKind> failures;  ///< why, in the same order

  /// The most telling of the failures: rights, then resources, then the rest; kOk where there is none.
  [[nodiscard]] ExitCode exit_code() const noexcept;
};

/// Binds every address of the configuration, or says of all that failed why and who holds them.
Bound bind_listeners(const config::Config& config, std::size_t workers);
/// Removes the files of unix sockets.
void unlink_sockets(const std::vector<BoundAddress>& addresses) noexcept;

}  // namespace flare::server
