#include "server/site/site.h"

#include "flare/handlers/access/cors.h"
#include "flare/http/path.h"
#include "flare/http/response.h"

namespace flare::server::site {
namespace {

http::Response with_allow(http::Response response, const std::string& allow) {
  response.headers.set("Allow", allow);
  return response;
}

/// What a host answers where no route does (M6).
http::Response unrouted(const http::RouteTable& table, const http::Request& request, http::RouteVerdict verdict) {
  const bool options = request.method() == http::Method::kOptions;
  if (request.head().form == http::TargetForm::kAsterisk)
    return with_allow(http::no_content(), table.allow_all());  // H-10
  if (verdict == http::RouteVerdict::kNotFound) return http::error_response(http::Status::kNotFound, Reason::kNoRoute);
  if (options) return with_allow(http::no_content(), table.allow(request));  // H-30
  return with_allow(http::error_response(http::Status::kMethodNotAllowed, Reason::kMethodNotAllowed),
                    table.allow(request));
}

}  // namespace

std::optional<Site::Found> Site::find_host(std::string_view authority) const {
  std::string scratch;
  auto host = names_.only();
  if (!host) host = names_.find(http::normalize_host(authority, scratch));
  if (!host) return std::nullopt;
  return Found{.host = *host, .table = &snapshot_->hosts_[*host].table};
}

/// A preflight is not what its route takes, but about what it takes (H-30).
const Snapshot::Route* Snapshot::find_cors_route(const Host& host, http::Request& request, http::RouteMatch match) {
  if (match.verdict != http::RouteVerdict::kMethodNotAllowed || !handlers::is_preflight(request)) return nullptr;
  const std::string_view method = *request.header("Access-Control-Request-Method");
  match = host.table.match(request, http::parse_method(method), method);
  if (match.verdict != http::RouteVerdict::kFound || !host.routes[match.index].cors) return nullptr;
  return &host.routes[match.index];
}

http::Reply Site::operator()(http::Request& request) const {
  const auto found = find_host(request.authority());
  if (!found) return http::error_response(http::Status::kMisdirectedRequest, Reason::kHostUnknown);  // H-37
  const Snapshot::Host& host = snapshot_->hosts_[found->host];

  const http::RouteMatch match = host.table.match(request);
  if (match.verdict != http::RouteVerdict::kFound) {
    if (const Snapshot::Route* route = Snapshot::find_cors_route(host, request, match)) {
      request.set_route(route->settings->id, *route->settings->settings.log);
      return route->handler(request);
    }
    request.set_route({}, *host.settings->settings.log);
    const bool admitted = host.access.admits(request);
    http::Response response = admitted ? unrouted(host.table, request, match.verdict) : handlers::access_refusal();
    host.filter.apply(response, request);
    return response;
  }
  const Snapshot::Route& route = host.routes[match.index];
  request.set_limits(route.settings->settings.limits.values);
  request.set_route(route.settings->id, *route.settings->settings.log);

  if (request.head().content_length > route.settings->settings.limits.values.body) {  // L-5, whatever the action reads
    http::Response refusal = http::error_response(http::Status::kContentTooLarge, Reason::kBodyBytes);
    refusal.close = true;
    route.filter->apply(refusal, request);
    return refusal;
  }
  return route.handler(request);
}

}  // namespace flare::server::site
