// ReverseProxy: asks another server and gives its answer (RFC 9110 §3.7 "gateway"; behaviour.md P-1 to P-21).
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>

#include "flare/handlers/proxy/forward_request.h"
#include "flare/handlers/upstream/upstream_pool.h"
#include "flare/http/handler.h"
#include "flare/net/socket_addr.h"

namespace flare::handlers {

struct ProxyOptions {
  proxy::ForwardOptions forward;
  std::size_t buffer = 0;     ///< so much of a request's content is kept, so that it can be sent again
  bool proxy_status = false;  ///< answers of our own say why, for machines (RFC 9209)
  // Where they are not the pool's:
  std::optional<std::chrono::milliseconds> first_byte;
  std::optional<std::chrono::milliseconds> idle;
  std::optional<std::chrono::milliseconds> tunnel_idle;
  std::optional<RetryOptions> retry;
};

/// `router.any("/**", handlers::ReverseProxy(net::Endpoint::parse("127.0.0.1:3000")))`. The request is made anew from
/// its parts, content streams both ways at the slower side's pace, connections are kept per worker. What goes wrong
/// upstream is 502, what takes too long 504, 503 where nobody can be asked; what breaks in the middle of an answer
/// never looks complete (P-10). What can be repeated is, as RetryOptions say (P-15). The client's leaving ends the
/// request upstream at once (P-11). Runs on a worker; copies, and proxies of one pool, share connections.
class ReverseProxy {
 public:
  explicit ReverseProxy(std::shared_ptr<UpstreamPool> pool, ProxyOptions options = {});
  /// To a single server.
  explicit ReverseProxy(const net::Endpoint& server, ProxyOptions options = {});

  http::Reply operator()(http::Request& request) const;

 private:
  struct Shared;
  std::shared_ptr<const Shared> shared_;
};

}  // namespace flare::handlers
