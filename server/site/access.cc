#include "server/site/access.h"

#include <utility>

#include "flare/handlers/access/basic_auth.h"
#include "flare/handlers/access/forward_auth.h"

namespace flare::server::site {

http::Handler with_auth(const config::AuthSettings& auth, const Pools& pools, const std::string& instance,
                        const Report& report, http::Handler handler) {
  switch (*auth.kind) {
    case config::AuthSettings::Kind::kNone: return handler;
    case config::AuthSettings::Kind::kBasic: {
      handlers::BasicAuthOptions options;
      options.realm = *auth.realm;
      options.users_file = *auth.users_file;
      options.cache = *auth.cache;
      options.report = report;
      return handlers::BasicAuth(std::move(options), std::move(handler));
    }
    case config::AuthSettings::Kind::kForward: {
      handlers::ForwardAuthOptions options{.path = *auth.path, .copy = *auth.copy, .forward = {}};
      options.forward.instance = instance;
      return handlers::ForwardAuth(pools.at(auth.to->to), std::move(options), std::move(handler));
    }
  }
  std::unreachable();
}

http::HeaderMap security_fields(config::SecurityHeaders preset) {
  http::HeaderMap fields;
  if (preset == config::SecurityHeaders::kOff) return fields;
  const bool strict = preset == config::SecurityHeaders::kStrict;
  fields.set("X-Content-Type-Options", "nosniff");
  fields.set("Referrer-Policy", strict ? "no-referrer" : "strict-origin-when-cross-origin");
  fields.set("X-Frame-Options", strict ? "DENY" : "SAMEORIGIN");
  if (!strict) return fields;
  fields.set("Content-Security-Policy",
             "default-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'");
  fields.set("Cross-Origin-Opener-Policy", "same-origin");
  fields.set("Cross-Origin-Resource-Policy", "same-origin");
  fields.set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
  return fields;
}

}  // namespace flare::server::site
