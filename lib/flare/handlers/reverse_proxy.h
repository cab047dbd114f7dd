// ReverseProxy: asks another server and gives its answer (RFC 9110 §3.7 "gateway"; behaviour.md P-1 to P-17).
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "flare/handlers/proxy/forward_request.h"
#include "flare/http/client_connection.h"
#include "flare/http/connection_pool.h"
#include "flare/http/handler.h"
#include "flare/net/socket_addr.h"
#include "flare/tcp/connect.h"

namespace flare::handlers {

struct ProxyOptions {
  proxy::ForwardOptions forward;
  http::ClientLimits limits;
  tcp::ConnectOptions connect;
  http::ConnectionPoolOptions keepalive;
  std::chrono::milliseconds tunnel_idle{3'600'000};  ///< without a byte either way behind a 101
};

/// `router.any("/**", handlers::ReverseProxy(net::Endpoint::parse("127.0.0.1:3000")))`. The request is made anew from
/// its parts, content streams both ways at the slower side's pace, connections are kept per worker. What goes wrong
/// upstream is 502, what takes too long 504; what breaks in the middle of an answer never looks complete (P-10). A
/// request is repeated, once, where its connection turned out to be closed already and nothing can have happened
/// (P-15). The client's leaving ends the request upstream at once (P-11). Runs on a worker; copies share the
/// connections.
class ReverseProxy {
 public:
  explicit ReverseProxy(net::Endpoint server, ProxyOptions options = {});

  http::Reply operator()(http::Request& request) const;

 private:
  struct Upstream;
  std::shared_ptr<const Upstream> upstream_;
};

}  // namespace flare::handlers
