// A listening stream socket on a worker.
#pragma once

#include "flare/base/error.h"
#include "flare/net/socket.h"
#include "flare/runtime/pollable.h"
#include "flare/runtime/task.h"
#include "flare/tcp/tcp_stream.h"

namespace flare::tcp {

struct Accepted {
  TcpStream stream;
  net::SocketAddr peer;  ///< unspecified on a unix socket
};

class TcpListener {
 public:
  /// Takes a listening socket (net::listen_on). `shared`: other workers wait on the same socket, one of them is woken.
  TcpListener(runtime::Worker& worker, net::UniqueFd listening, bool shared = false) noexcept
      : source_(worker, std::move(listening), shared ? runtime::Trigger::kLevelExclusive : runtime::Trigger::kLevel) {
    source_.set_idle(true);  // a drain ends accepting at once
  }
  static Result<TcpListener> bind(runtime::Worker& worker, const net::Endpoint& where,
                                  const net::ListenOptions& options = {});

  /// Waits for a connection. kCancelled: the worker drains. kResource: out of descriptors, try again later.
  runtime::Task<Result<Accepted>> accept();
  auto readable() noexcept { return source_.readable(); }
  /// One accept4: a connection, or kWouldBlock.
  Result<Accepted> try_accept() noexcept;

  [[nodiscard]] Result<net::Endpoint> local_addr() const { return net::SocketRef(source_.fd()).local_addr(); }
  /// Until the next wait, connections that queue up do not wake the worker.
  void pause() noexcept { source_.unregister(); }
  void cancel() noexcept { source_.cancel(); }
  void close() noexcept { source_.release().reset(); }

 private:
  runtime::Pollable source_;
};

}  // namespace flare::tcp
