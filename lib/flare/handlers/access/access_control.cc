#include "flare/handlers/access/access_control.h"

#include <utility>

#include "flare/http/response.h"

namespace flare::handlers {

bool AccessRules::admits(const http::Request& request) const noexcept {
  // Unspecified both ways: a unix socket, where no proxy has said who asks.
  const bool nameless = request.client() == net::IpAddr() && request.peer() == net::SocketAddr();
  const auto lists = [&](const net::PeerSet& peers) {
    return nameless ? peers.unix_peers : peers.contains(request.client());
  };
  return !lists(deny) && (!allow || lists(*allow));
}

http::Response access_refusal() { return http::error_response(http::Status::kForbidden, Reason::kAccessDenied); }

AccessControl::AccessControl(AccessRules rules, http::Handler handler)
    : rules_(std::move(rules)), handler_(std::move(handler)) {}

http::Reply AccessControl::operator()(http::Request& request) const {
  if (!rules_.admits(request)) return access_refusal();
  return handler_(request);
}

}  // namespace flare::handlers
