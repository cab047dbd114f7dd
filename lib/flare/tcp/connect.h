// Connecting to a host that has several addresses: happy eyeballs (RFC 8305 §4, §5).
#pragma once

#include <chrono>
#include <vector>

#include "flare/net/socket_addr.h"
#include "flare/runtime/cancellation.h"
#include "flare/runtime/task.h"
#include "flare/runtime/worker.h"
#include "flare/tcp/tcp_stream.h"

namespace flare::tcp {

struct ConnectOptions {
  std::chrono::milliseconds timeout{5'000};      ///< for all attempts together
  std::chrono::milliseconds attempt_delay{250};  ///< after which the next address is tried beside the last (§5)
};

/// The addresses in order, but with the families taking turns, the first one's first (§4).
std::vector<net::Endpoint> interleave(const std::vector<net::SocketAddr>& addresses);

/// The first connection that succeeds; attempts begin in the order of `where`, each when the one before has failed or
/// taken attempt_delay, and the others are closed. With TCP_NODELAY, without a deadline. Errors have
/// ErrorSource::kUpstream: kTimeout when `timeout` is over, kCancelled after `cancelled`, else that of the attempt that
/// failed last; kAddressNotAvailable where there is no address. `cancelled` may be nullptr, and outlives the task.
runtime::Task<Result<TcpStream>> connect(runtime::Worker& worker, std::vector<net::Endpoint> where,
                                         ConnectOptions options = {}, runtime::Cancellation* cancelled = nullptr);

}  // namespace flare::tcp
