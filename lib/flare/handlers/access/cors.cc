#include "flare/handlers/access/cors.h"

#include <algorithm>
#include <utility>

#include "flare/base/ascii.h"
#include "flare/handlers/compress_policy.h"
#include "flare/http/response.h"

namespace flare::handlers {
namespace {

using http::Request;
using http::Response;

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// "https://*.example.com" holds "https://a.example.com" and "https://a.b.example.com", not "https://example.com".
bool matches(std::string_view pattern, std::string_view origin) noexcept {
  const std::size_t star = pattern.find("://*.");
  if (star == std::string_view::npos) return pattern == "*" || ascii::iequals(pattern, origin);
  const std::string_view scheme = pattern.substr(0, star + 3), below = pattern.substr(star + 4);
  return origin.size() > scheme.size() + below.size() && ascii::iequals(origin.substr(0, scheme.size()), scheme) &&
         ascii::iequals(origin.substr(origin.size() - below.size()), below) &&
         !origin.substr(scheme.size()).contains('/');
}

/// What `handler` says about other origins itself would widen what is meant to narrow it.
void remove_own_word(http::HeaderMap& headers) {
  for (const std::string_view name :
       {"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods",
        "Access-Control-Allow-Headers", "Access-Control-Allow-Private-Network", "Access-Control-Expose-Headers",
        "Access-Control-Max-Age"})
    headers.remove(name);
}

}  // namespace

const char* check_cors_origin(std::string_view origin) noexcept {
  if (origin == "*") return nullptr;
  const std::size_t scheme = origin.find("://");
  if (scheme == std::string_view::npos || scheme == 0) return "an origin has a scheme and a host";
  std::string_view host = origin.substr(scheme + 3);
  if (host.starts_with("*.")) host.remove_prefix(2);
  if (host.empty() || host.contains('*')) return "\"*\" stands for whole labels in front: \"https://*.example.com\"";
  if (host.find_first_of("/?#@ \t") != std::string_view::npos) return "an origin has no path";
  return nullptr;
}

bool is_preflight(const Request& request) noexcept {
  return request.method() == http::Method::kOptions && request.headers().contains("Origin") &&
         request.headers().contains("Access-Control-Request-Method");
}

struct Cors::Shared {
  Shared(CorsOptions chosen, http::Handler next)
      : options(std::move(chosen)),
        handler(std::move(next)),
        any(std::ranges::find(options.origins, "*") != options.origins.end()),
        methods(joined(options.methods)),
        headers(joined(options.headers)),
        expose(joined(options.expose)) {}

  [[nodiscard]] bool admits(std::string_view origin) const noexcept {
    return std::ranges::any_of(options.origins, [origin](const std::string& each) { return matches(each, origin); });
  }
  /// Access-Control-Allow-Origin and what goes with it. Where that depends on who asks, caches are told.
  bool allow_origin(const Request& request, Response& response) const {
    if (!any) vary_by(response.headers, "Origin");
    const auto origin = request.header("Origin");
    if (!origin || !admits(*origin)) return false;
    response.headers.set("Access-Control-Allow-Origin", any ? std::string_view("*") : *origin);
    if (options.credentials && !any) response.headers.set("Access-Control-Allow-Credentials", "true");
    return true;
  }
  [[nodiscard]] Response preflight(const Request& request) const;

  CorsOptions options;
  http::Handler handler;
  bool any;
  std::string methods, headers, expose;
};

Response Cors::Shared::preflight(const Request& request) const {
  Response response = http::no_content();
  const auto wanted = request.header("Access-Control-Request-Headers");
  if (options.methods.empty()) vary_by(response.headers, "Access-Control-Request-Method");
  if (options.headers.empty()) vary_by(response.headers, "Access-Control-Request-Headers");
  if (!allow_origin(request, response)) return response;
  response.headers.set("Access-Control-Allow-Methods",
                       methods.empty() ? *request.header("Access-Control-Request-Method") : methods);
  if (!headers.empty()) response.headers.set("Access-Control-Allow-Headers", headers);
  if (headers.empty() && wanted) response.headers.set("Access-Control-Allow-Headers", *wanted);
  if (options.max_age) response.headers.set("Access-Control-Max-Age", std::to_string(options.max_age->count()));
  return response;
}

Cors::Cors(CorsOptions options, http::Handler handler)
    : shared_(std::make_shared<const Shared>(std::move(options), std::move(handler))) {}

http::Reply Cors::operator()(Request& request) const {
  if (is_preflight(request)) return shared_->preflight(request);
  return http::then(shared_->handler(request), [shared = shared_, &request](Response response) {
    remove_own_word(response.headers);
    if (shared->allow_origin(request, response) && !shared->expose.empty())
      response.headers.set("Access-Control-Expose-Headers", shared->expose);
    return response;
  });
}

}  // namespace flare::handlers
