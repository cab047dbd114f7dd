// Who may ask: networks that are let in and networks that are kept out, by the client's address.
#pragma once

#include <optional>

#include "flare/http/handler.h"
#include "flare/net/cidr.h"

namespace flare::handlers {

/// Judges Request::client(), which is the peer, or whom a PROXY header or a trusted proxy names; IPv4-mapped addresses
/// count as IPv4. Clients on a unix socket that nobody named have no address: they are in a set only by its
/// `unix_peers`. Pure; any thread may use it at any time.
struct AccessRules {
  std::optional<net::PeerSet> allow;  ///< where there is one, everybody else is refused
  net::PeerSet deny;                  ///< wins over `allow`

  [[nodiscard]] bool empty() const noexcept { return !allow && deny.empty(); }
  [[nodiscard]] bool admits(const http::Request& request) const noexcept;
};

/// The answer to who is not admitted: 403 (RFC 9110 §15.5.4) with the reason access_denied.
http::Response access_refusal();

/// Middleware: `handler` sees the requests that `rules` admit. It decides before any content is read.
class AccessControl {
 public:
  AccessControl(AccessRules rules, http::Handler handler);

  http::Reply operator()(http::Request& request) const;

 private:
  AccessRules rules_;
  http::Handler handler_;
};

}  // namespace flare::handlers
