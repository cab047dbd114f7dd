#include <algorithm>
#include <utility>
#include <variant>

#include "flare/handlers/compress.h"
#include "flare/handlers/rate_limit.h"
#include "flare/handlers/redirect.h"
#include "flare/handlers/respond.h"
#include "flare/handlers/static_files.h"
#include "flare/http/path.h"
#include "server/site/matchers.h"
#include "server/site/site.h"

namespace flare::server::site {
namespace {

struct MakeHandler {
  const http::RoutePattern& pattern;
  const config::Settings& settings;

  [[nodiscard]] std::string exact_file() const { return http::percent_decode(pattern.text()).value_or("").substr(1); }

  http::Handler operator()(const config::Respond& respond) const {
    return handlers::Respond(static_cast<http::Status>(respond.status), respond.type, respond.text.text);
  }
  http::Handler operator()(const config::Redirect& redirect) const {
    return handlers::Redirect(redirect.to, static_cast<http::Status>(redirect.status));
  }
  http::Handler operator()(const config::StaticFiles& files) const {
    // M10: below the root lies the tail of a `/**` pattern, else the one file that the pattern names.
    handlers::StaticOptions options = files.options;
    if (!pattern.has_tail()) options.file = exact_file();
    options.cache_control = *settings.cache_control;
    if (*settings.compress.on) options.compress = settings.compress.options();
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

void Snapshot::ResponseFilter::apply(http::Response& response, const http::Request& request) const {
  pages.apply(response, request);
  for (const std::string& name : unset) response.headers.remove(name);
  set.for_each([&](std::string_view name, std::string_view value) { response.headers.set(name, value); });
  if (!hsts.empty() && request.scheme() == "https") response.headers.set("Strict-Transport-Security", hsts);
}

http::Reply Snapshot::Filtered::operator()(http::Request& request) const {
  return http::then(handler(request), [this, &request](http::Response response) {
    filter->apply(response, request);
    return response;
  });
}

Snapshot::ResponseFilter Snapshot::make_filter(const config::Settings& settings) {
  ResponseFilter filter{.pages = ErrorPages(settings.error_pages), .unset = {}, .set = {}, .hsts = {}};
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

Snapshot::Host Snapshot::make_host(const config::Host& host, const Limiters& limiters) {
  Host made{.settings = &host,
            .table = {},
            .routes = {},
            .filter = make_filter(host.settings),
            .access = host.settings.access.rules()};
  for (const config::Route& route : host.routes) {
    http::RoutePattern pattern = make_pattern(route);
    http::Handler handler = std::visit(MakeHandler{pattern, route.settings}, route.action);
    if (!route.settings.rates->empty()) {  // a route without rates has no stop for them on its way
      std::vector<std::shared_ptr<handlers::RateLimiter>> rates;
      for (const std::string& name : *route.settings.rates) rates.push_back(limiters.at(name));
      handler = handlers::RateLimit(std::move(rates), std::move(handler));
    }
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
    made.routes.push_back({.settings = &route, .handler = std::move(handler), .filter = std::move(filter)});
  }
  return made;
}

Snapshot::Snapshot(config::Config config) : config_(std::move(config)) {
  const Limiters limiters = make_limiters(config_.rates);
  for (const config::Host& host : config_.hosts) hosts_.push_back(make_host(host, limiters));
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
