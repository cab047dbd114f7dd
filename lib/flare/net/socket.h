// Sockets: creation, options, names. Non-blocking and close-on-exec from birth.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "flare/base/error.h"
#include "flare/net/socket_addr.h"
#include "flare/net/unique_fd.h"

namespace flare::net {

struct ListenOptions {
  int backlog = 1024;
  bool reuse_addr = true;
  bool reuse_port = false;  ///< one listener per worker on the same address (SO_REUSEPORT)
  bool v6_only = true;      ///< "[::]:80" and "0.0.0.0:80" may stand side by side
  bool tcp_nodelay = true;  ///< inherited by accepted connections
};

/// A bound, listening stream socket. At a unix path, a socket file that nobody listens on any more is replaced; one
/// that is alive, and any other kind of file, is kAddressInUse.
Result<UniqueFd> listen_on(const Endpoint& where, const ListenOptions& options) noexcept;
/// `count` listening sockets on the same place, one for each worker: a SO_REUSEPORT group, or one unix socket's
/// duplicates. Refuses (kAddressInUse) to join a group that another process already has, which SO_REUSEPORT alone would
/// allow. With port 0 all get the port that the first was given.
Result<std::vector<UniqueFd>> listen_group(const Endpoint& where, ListenOptions options, std::size_t count);
/// `count` more for a group whose first member is `first`, at its actual address `where`.
Result<std::vector<UniqueFd>> extend_group(const Endpoint& where, ListenOptions options, const UniqueFd& first,
                                           std::size_t count);
/// A stream socket whose connect(2) has begun: connected, or in progress (wait until writable, then ask take_error).
struct Connecting {
  UniqueFd fd;
  bool connected = false;
};
Result<Connecting> begin_connect(const Endpoint& where) noexcept;

/// Options and names of a socket one does not own.
class SocketRef {
 public:
  explicit SocketRef(int fd) noexcept : fd_(fd) {}
  [[nodiscard]] int fd() const noexcept { return fd_; }
  Result<void> set_reuse_addr(bool on) noexcept;
  Result<void> set_reuse_port(bool on) noexcept;
  Result<void> set_keepalive(bool on) noexcept;
  Result<void> set_tcp_nodelay(bool on) noexcept;
  Result<void> set_nonblocking(bool on) noexcept;
  /// TCP_CONGESTION, by the kernel's name. On a listening socket it holds for the connections to come. ENOENT: the
  /// kernel has none of that name; EPERM: this process may not use it.
  Result<void> set_congestion(std::string_view name) noexcept;
  Result<void> set_recv_timeout(std::chrono::milliseconds timeout) noexcept;
  Result<void> set_send_timeout(std::chrono::milliseconds timeout) noexcept;
  Result<Endpoint> local_addr() const;
  Result<Endpoint> peer_addr() const;
  Result<std::string> congestion() const;
  /// SO_ERROR: what became of a connect, success where it is 0.
  Result<void> take_error() noexcept;

 private:
  int fd_;
};

}  // namespace flare::net
