#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "flare/base/ascii.h"
#include "flare/base/random.h"
#include "flare/handlers/access/cors.h"
#include "flare/handlers/compress.h"
#include "flare/handlers/compress_policy.h"
#include "flare/handlers/hub/hub.h"
#include "flare/handlers/rate_limit.h"
#include "flare/handlers/redirect.h"
#include "flare/handlers/respond.h"
#include "flare/handlers/reverse_proxy.h"
#include "flare/handlers/split.h"
#include "flare/handlers/static_files.h"
#include "flare/http/path.h"
#include "server/site/matchers.h"
#include "server/site/site.h"

namespace flare::server::site {
namespace {

/// By which this process knows a request that it has passed on itself (P-6).
const std::string& instance() {
  static const std::string token = [] {
    std::string text;
    for (int i = 0; i < 4; ++i) text += fmt::format("{:08x}", random_word());
    return text;
  }();
  return token;
}

struct MakeHandler {
  const http::RoutePattern& pattern;
  const config::Settings& settings;
  const Pools& pools;
  std::chrono::milliseconds ws_spread;

  /// The field that the operator sets holds for what is compressed here, too.
  [[nodiscard]] bool may_transform() const {
    return std::ranges::all_of(settings.headers_set, [](const config::HeaderSetting& field) {
      return !ascii::iequals(field.name, "Cache-Control") || handlers::may_transform(field.value->text);
    });
  }
  [[nodiscard]] std::string exact_file() const { return http::percent_decode(pattern.text()).value_or("").substr(1); }

  http::Handler operator()(const config::Respond& respond) const {
    return handlers::Respond(static_cast<http::Status>(respond.status), respond.type, respond.text.text);
  }
  http::Handler operator()(const config::Redirect& redirect) const {
    return handlers::Redirect(redirect.to, static_cast<http::Status>(redirect.status));
  }
  http::Handler operator()(const config::Proxy& proxy) const {
    handlers::ProxyOptions options = proxy.options;
    options.forward.instance = instance();
    for (const auto& name : settings.request_unset) options.forward.unset.push_back(*name);
    for (const auto& header : settings.request_set) options.forward.set.set(header.name, header.value->text);
    handlers::ReverseProxy usual(pools.at(proxy.target.to), options);
    if (!proxy.split) return usual;
    return handlers::Split(std::move(usual), handlers::ReverseProxy(pools.at(proxy.split->target.to), options),
                           proxy.split->share, proxy.split->by);
  }
  /// With what is not the route's alone.
  [[nodiscard]] ws::EndpointOptions endpoint(ws::EndpointOptions options) const {
    options.session.write_idle = settings.limits.values.write_idle;
    options.session.drain_spread = ws_spread;
    return options;
  }
  http::Handler operator()(const config::WebSocket& websocket) const {
    return ws::Endpoint(ws::echo, endpoint(websocket.options));
  }
  http::Handler operator()(const config::Hub& hub) const {
    handlers::HubOptions options = hub.options;
    options.endpoint = endpoint(std::move(options.endpoint));
    return handlers::Hub(std::move(options));
  }
  http::Handler operator()(const config::StaticFiles& files) const {
    // M10: below the root lies the tail of a `/**` pattern, else the one file that the pattern names.
    handlers::StaticOptions options = files.options;
    if (!pattern.has_tail()) options.file = exact_file();
    options.cache_control = *settings.cache_control;
    if (*settings.compress.on && may_transform()) options.compress = settings.compress.options();
    return handlers::StaticFiles(files.root, std::move(options));
  }
};

http::RoutePattern make_pattern(const config::Route& route) {
  http::RoutePattern pattern(route.path.value);
  for (const config::Param& param : route.params) {
    // The loader has checked that the pattern has it (FL0106) and that the type exists.
    static_cast<void>(pattern.set_param_type(param.name, *http::parse_param_type(to_string(param.kind))));
  }
  return pattern;
}

http::MethodSet make_methods(const std::vector<std::string>& names) {
  http::MethodSet methods;
  for (const std::string& name : names) methods.add(name);
  return methods;
}

}  // namespace

namespace {

/// What an answer depends on it depends on, whatever the operator has to add to that (F-18).
void set_vary(http::HeaderMap& headers, std::string_view value) {
  const std::string own(headers.get("Vary").value_or(""));
  headers.set("Vary", value);
  for (std::string_view rest = own; !rest.empty();) {
    const std::size_t comma = rest.find(',');
    const std::string_view field = ascii::trim(rest.substr(0, comma));
    if (!field.empty()) handlers::vary_by(headers, field);
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  }
}

}  // namespace

void Snapshot::ResponseFilter::apply(http::Response& response, const http::Request& request) const {
  pages.apply(response, request);
  fallback.for_each([&](std::string_view name, std::string_view value) {
    if (!response.headers.contains(name)) response.headers.set(name, value);
  });
  for (const std::string& name : unset) response.headers.remove(name);
  set.for_each([&](std::string_view name, std::string_view value) {
    ascii::iequals(name, "Vary") ? set_vary(response.headers, value) : response.headers.set(name, value);
  });
  if (!hsts.empty() && request.scheme() == "https") response.headers.set("Strict-Transport-Security", hsts);
}

http::Reply Snapshot::Filtered::operator()(http::Request& request) const {
  return http::then(handler(request), [this, &request](http::Response response) {
    filter->apply(response, request);
    return response;
  });
}

Snapshot::ResponseFilter Snapshot::make_filter(const config::Settings& settings) {
  ResponseFilter filter{.pages = ErrorPages(settings.error_pages),
                        .unset = {},
                        .set = {},
                        .fallback = security_fields(*settings.security),
                        .hsts = {}};
  for (const auto& name : settings.headers_unset) filter.unset.push_back(*name);
  for (const auto& header : settings.headers_set) filter.set.set(header.name, header.value->text);
  if (const auto& hsts = *settings.hsts)
    filter.hsts = "max-age=" + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(*hsts).count());
  return filter;
}

Snapshot::Limiters Snapshot::make_limiters(const std::vector<config::Rate>& rates) {
  Limiters limiters;
  for (const config::Rate& rate : rates) {
    limiters.emplace(rate.name, std::make_shared<handlers::RateLimiter>(handlers::RateLimiter::Options{
                                    .key = *rate.key,
                                    .buckets = {.requests = static_cast<std::uint64_t>(*rate.requests_per_hour),
                                                .per = std::chrono::hours(1),
                                                .burst = static_cast<std::uint64_t>(*rate.burst),
                                                .slots = static_cast<std::size_t>(*rate.slots)},
                                    .reply = static_cast<http::Status>(*rate.reply)}));
  }
  return limiters;
}

/// One pool for each name: proxies to the same server share its connections.
Pools Snapshot::make_pools(const config::Config& config) {
  Pools pools;
  const auto add = [&](const config::Upstream& upstream) {
    if (!pools.contains(upstream.name))
      pools.emplace(upstream.name, std::make_shared<handlers::UpstreamPool>(upstream.options));
  };
  for (const config::Upstream& upstream : config.upstreams) add(upstream);
  for (const config::Host& host : config.hosts) {
    for (const config::Route& route : host.routes) {
      if (const auto& implied = route.settings.auth.to->implied) add(*implied);
      const auto* const proxy = std::get_if<config::Proxy>(&route.action);
      if (proxy == nullptr) continue;
      if (proxy->target.implied) add(*proxy->target.implied);
      if (proxy->split && proxy->split->target.implied) add(*proxy->split->target.implied);
    }
  }
  return pools;
}

std::vector<std::shared_ptr<handlers::UpstreamPool>> Snapshot::pools() const {
  std::vector<std::shared_ptr<handlers::UpstreamPool>> all;
  for (const auto& [name, pool] : pools_) all.push_back(pool);
  return all;
}

Snapshot::Host Snapshot::make_host(const config::Host& host, const Limiters& limiters, const Report& report) const {
  Host made{.settings = &host,
            .table = {},
            .routes = {},
            .filter = make_filter(host.settings),
            .access = host.settings.access.rules()};
  for (const config::Route& route : host.routes) {
    http::RoutePattern pattern = make_pattern(route);
    http::Handler handler =
        with_auth(route.settings.auth, pools_, instance(), report,
                  std::visit(MakeHandler{pattern, route.settings, pools_, *config_.ws_spread}, route.action));
    if (!route.settings.rates->empty()) {  // a route without rates has no stop for them on its way
      std::vector<std::shared_ptr<handlers::RateLimiter>> rates;
      for (const std::string& name : *route.settings.rates) rates.push_back(limiters.at(name));
      handler = handlers::RateLimit(std::move(rates), std::move(handler));
    }
    // Scripts are to read refusals too.
    if (*route.settings.cors.on) handler = handlers::Cors(route.settings.cors.options(), std::move(handler));
    // Around the rates: who is refused must not use up what others share.
    if (auto rules = route.settings.access.rules(); !rules.empty())
      handler = handlers::AccessControl(std::move(rules), std::move(handler));
    auto filter = std::make_shared<const ResponseFilter>(make_filter(route.settings));
    if (!filter->empty()) handler = Filtered{filter, std::move(handler)};
    if (*route.settings.compress.on)
      handler = handlers::Compress(route.settings.compress.options(), std::move(handler));
    const auto rival = made.table.add({.pattern = std::move(pattern),
                                       .methods = make_methods(route.methods),
                                       .predicate = Matchers::of(route),
                                       .index = made.routes.size()});
    if (rival)
      throw Exception("routes \"" + host.routes[*rival].id + "\" and \"" + route.id + "\" match the same requests");
    made.routes.push_back({.settings = &route,
                           .handler = std::move(handler),
                           .filter = std::move(filter),
                           .cors = *route.settings.cors.on});
  }
  return made;
}

Snapshot::Snapshot(config::Config config, const Report& report)
    : config_(std::move(config)), pools_(make_pools(config_)) {
  const Limiters limiters = make_limiters(config_.rates);
  for (const config::Host& host : config_.hosts) hosts_.push_back(make_host(host, limiters, report));
  for (const config::Listener& listener : config_.listeners) {
    HostTable names;
    for (std::size_t index = 0; index < config_.hosts.size(); ++index) {
      const config::Host& host = config_.hosts[index];
      if (std::ranges::find(host.listen, listener.name) == host.listen.end()) continue;
      for (const config::HostName& name : host.names) names.add(name.name, index);
    }
    http::PeerTrust trust{.proxy_protocol = *listener.proxy_protocol,
                          .proxy_from = *listener.proxy_from,
                          .trusted_proxies = *config_.server.trusted_proxies};
    sites_.push_back(Site(*this, std::move(names), std::move(trust)));
  }
}

}  // namespace flare::server::site
