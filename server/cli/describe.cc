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
};

std::string bytes(std::uint64_t count) {
  constexpr std::uint64_t kKi = 1024;
  if (count % (kKi * kKi) == 0 && count != 0) return std::to_string(count / (kKi * kKi)) + "MiB";
  if (count % kKi == 0 && count != 0) return std::to_string(count / kKi) + "KiB";
  return std::to_string(count) + "B";
}

std::string time(std::chrono::milliseconds duration) {
  return duration.count() % 1000 == 0 ? std::to_string(duration.count() / 1000) + "s"
                                      : std::to_string(duration.count()) + "ms";
}

std::string limit_value(const http::Limits& limits, config::Limit limit) {
  switch (limit) {
    case config::Limit::kHeaderBytes: return bytes(limits.header_bytes);
    case config::Limit::kHeaderCount: return std::to_string(limits.header_count);
    case config::Limit::kUriBytes: return bytes(limits.uri_bytes);
    case config::Limit::kBody: return bytes(limits.body);
    case config::Limit::kHeaderTimeout: return time(limits.header_timeout);
    case config::Limit::kBodyIdle: return time(limits.body_idle);
    case config::Limit::kWriteIdle: return time(limits.write_idle);
    case config::Limit::kKeepaliveIdle: return time(limits.keepalive_idle);
    case config::Limit::kKeepaliveRequests: return std::to_string(limits.keepalive_requests);
  }
  return {};
}

}  // namespace

std::string describe_action(const config::Action& action) { return std::visit(Describe{}, action); }

std::string describe_rate(const config::Rate& rate) {
  const std::string key = rate.key.origin.secret ? "***" : rate.key->to_string();
  return (rate.requests_per_hour.origin.secret ? "***" : config::format_rate(*rate.requests_per_hour)) + " for each " +
         key + ", burst " + std::to_string(*rate.burst);
}

std::vector<Setting> effective_settings(const config::Route& route) {
  std::vector<Setting> settings;
  const config::Settings& from = route.settings;
  for (std::size_t index = 0; index < config::kLimitNames.size(); ++index) {
    const auto limit = static_cast<config::Limit>(index);
    settings.push_back({.name = "limits." + std::string(config::kLimitNames[index]),
                        .value = limit_value(from.limits.values, limit),
                        .origin = from.limits.origin(limit).to_string()});
  }
  for (const config::HeaderSetting& header : from.headers_set) {
    settings.push_back({.name = "headers.set." + header.name,
                        .value = shown(*header.value),
                        .origin = header.value.origin.to_string()});
  }
  for (const auto& name : from.headers_unset) {
    settings.push_back({.name = "headers.unset", .value = *name, .origin = name.origin.to_string()});
  }
  for (const std::string& name : *from.rates) {
    settings.push_back(
        {.name = "rate", .value = shown({name, from.rates.origin.secret}), .origin = from.rates.origin.to_string()});
  }
  settings.push_back({.name = "log", .value = *from.log ? "true" : "false", .origin = from.log.origin.to_string()});
  return settings;
}

}  // namespace flare::server::cli
