#include "flare/tcp/tcp_listener.h"

#include <sys/socket.h>

#include <cerrno>

namespace flare::tcp {

Result<TcpListener> TcpListener::bind(runtime::Worker& worker, const net::Endpoint& where,
                                      const net::ListenOptions& options) {
  auto listening = net::listen_on(where, options);
  if (!listening) return std::unexpected(listening.error());
  return TcpListener(worker, std::move(*listening));
}

Result<Accepted> TcpListener::try_accept() noexcept {
  for (;;) {
    sockaddr_storage native{};
    socklen_t length = sizeof native;
    const int fd = ::accept4(source_.fd(), reinterpret_cast<sockaddr*>(&native), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      // A connection that died in the queue is the next one's business, not an error of ours (accept(2)).
      if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
      return fail_errno(errno);
    }
    auto& worker = source_.worker();
    worker.counters().accepts.add();
    return Accepted{.stream = TcpStream(worker, net::UniqueFd(fd)),
                    .peer = net::SocketAddr::from_native(native).value_or(net::SocketAddr())};
  }
}

runtime::Task<Result<Accepted>> TcpListener::accept() {
  for (;;) {
    if (auto ready = co_await readable(); !ready) co_return std::unexpected(ready.error());
    auto accepted = try_accept();
    if (accepted || accepted.error().kind != ErrorKind::kWouldBlock) co_return accepted;
  }
}

}  // namespace flare::tcp
