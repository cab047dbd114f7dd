#include "server/cli/describe.h"

#include <array>
#include <variant>

#include "server/config/units.h"

namespace flare::server::cli {
namespace {

std::string shown(const config::Text& text) { return text.secret ? "***" : text.text; }

struct Describe {
  std::string operator()(const config::Respond& respond) const {
    return "respond " + std::to_string(respond.status) + " " + respond.type;
  }
  std::string operator()(const config::Redirect& redirect) const {
    return "redirect " + std::to_string(redirect.status) + " to " + (redirect.secret ? "***" : redirect.to);
  }
  std::string operator()(const config::StaticFiles& files) const { return "static " + files.root; }
  std::string operator()(const config::Proxy& proxy) const { return "proxy to " + proxy.target.to; }
  std::string operator()(const config::WebSocket&) const { return "websocket echo"; }
  std::string operator()(const config::Hub& hub) const {
    return std::string("hub, published to by ") + (hub.options.anyone_publishes ? "anyone" : "who has the token");
  }
};

std::string limit_text(const http::Limits& limits, config::Limit limit) {
  const auto value = config::limit_value(limits, limit);
  const auto* const number = std::get_if<std::int64_t>(&value);
  return number != nullptr ? std::to_string(*number) : std::get<std::string>(value);
}

void add_networks(std::vector<Setting>& settings, const std::string& name, const net::PeerSet& peers,
                  const config::Origin& origin) {
  for (const std::string& network : config::to_strings(peers))
    settings.push_back({.name = name, .value = shown({network, origin.secret}), .origin = origin.to_string()});
}

void add_text(std::vector<Setting>& settings, const std::string& name, const std::string& value,
              const config::Origin& origin) {
  settings.push_back({.name = name, .value = shown({value, origin.secret}), .origin = origin.to_string()});
}

void add_auth(std::vector<Setting>& settings, const config::AuthSettings& auth) {
  switch (*auth.kind) {
    case config::AuthSettings::Kind::kNone: break;
    case config::AuthSettings::Kind::kBasic:
      add_text(settings, "auth.basic.realm", *auth.realm, auth.realm.origin);
      add_text(settings, "auth.basic.users_file", *auth.users_file, auth.users_file.origin);
      break;
    case config::AuthSettings::Kind::kForward:
      add_text(settings, "auth.forward.to", auth.to->to, auth.to.origin);
      add_text(settings, "auth.forward.path", *auth.path, auth.path.origin);
      for (const std::string& name : *auth.copy) add_text(settings, "auth.forward.copy", name, auth.copy.origin);
      break;
  }
}

}  // namespace

std::string describe_action(const config::Action& action) { return std::visit(Describe{}, action); }

std::string describe_rate(const config::Rate& rate) {
  const std::string key = rate.key.origin.secret ? "***" : rate.key->to_string();
  return (rate.requests_per_hour.origin.secret ? "***" : config::format_rate(*rate.requests_per_hour)) + " for each " +
         key + ", burst " + std::to_string(*rate.burst);
}

std::string describe_key(const tls::Certificate& certificate) {
  return std::string(to_string(certificate.key_type())) + " " + std::to_string(certificate.key_bits());
}

std::vector<Setting> effective_settings(const config::Route& route) {
  std::vector<Setting> settings;
  const config::Settings& from = route.settings;
  for (std::size_t index = 0; index < config::kLimitNames.size(); ++index) {
    const auto limit = static_cast<config::Limit>(index);
    settings.push_back({.name = "limits." + std::string(config::kLimitNames[index]),
                        .value = limit_text(from.limits.values, limit),
                        .origin = from.limits.origin(limit).to_string()});
  }
  const auto describe_fields = [&](const std::string& table, const auto& set, const auto& unset) {
    for (const config::HeaderSetting& header : set) {
      settings.push_back({.name = table + ".set." + header.name,
                          .value = shown(*header.value),
                          .origin = header.value.origin.to_string()});
    }
    for (const auto& name : unset)
      settings.push_back({.name = table + ".unset", .value = *name, .origin = name.origin.to_string()});
  };
  describe_fields("headers", from.headers_set, from.headers_unset);
  describe_fields("headers.request", from.request_set, from.request_unset);
  for (const handlers::CacheRule& rule : *from.cache_control) {
    const bool secret = from.cache_control.origin.secret;
    settings.push_back({.name = "cache_control",
                        .value = shown({rule.match + ": " + rule.value, secret}),
                        .origin = from.cache_control.origin.to_string()});
  }
  for (const config::ErrorPage& page : from.error_pages) {
    settings.push_back({.name = "error_pages." + page.status,
                        .value = shown({page.path, page.origin.secret}),
                        .origin = page.origin.to_string()});
  }
  if (const auto& allow = from.access.allow; *allow) add_networks(settings, "allow", **allow, allow.origin);
  add_networks(settings, "deny", *from.access.deny, from.access.deny.origin);
  add_auth(settings, from.auth);
  if (const config::CorsSettings& cors = from.cors; *cors.on) {
    for (const std::string& origin : *cors.origins) add_text(settings, "cors.origins", origin, cors.origins.origin);
    add_text(settings, "cors.credentials", *cors.credentials ? "true" : "false", cors.credentials.origin);
  }
  if (*from.security != config::SecurityHeaders::kOff)
    add_text(settings, "headers.security", std::string(to_string(*from.security)), from.security.origin);
  for (const std::string& name : *from.rates) {
    settings.push_back(
        {.name = "rate", .value = shown({name, from.rates.origin.secret}), .origin = from.rates.origin.to_string()});
  }
  settings.push_back({.name = "log", .value = *from.log ? "true" : "false", .origin = from.log.origin.to_string()});
  return settings;
}

}  // namespace flare::server::cli
