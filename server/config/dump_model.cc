#include "server/config/dump_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/config/units.h"

namespace flare::server::config {
namespace {

constexpr std::string_view kSecret = "***";

std::string shown(const Text& text) { return text.secret ? std::string(kSecret) : text.text; }

class SectionWriter {
 public:
  SectionWriter(std::vector<DumpSection>& out, std::vector<std::string> path, bool repeated = false)
      : section_(out.emplace_back(DumpSection{.path = std::move(path), .repeated = repeated})) {}

  void add(std::vector<std::string> key, DumpScalar value, Origin origin) {
    if (origin.secret) value = std::string(kSecret);
    section_.entries.push_back({std::move(key), {std::move(value)}, false, std::move(origin)});
  }
  void add_list(std::vector<std::string> key, std::vector<DumpScalar> values, Origin origin) {
    if (origin.secret) values.assign(1, std::string(kSecret));
    section_.entries.push_back({std::move(key), std::move(values), true, std::move(origin)});
  }
  void add_strings(std::vector<std::string> key, const std::vector<std::string>& values, Origin origin) {
    add_list(std::move(key), {values.begin(), values.end()}, std::move(origin));
  }

 private:
  DumpSection& section_;
};

void write_server(SectionWriter out, const ServerSettings& server) {
  const auto& workers = server.workers;
  out.add({"workers"}, *workers ? DumpScalar(std::int64_t{**workers}) : DumpScalar("auto"), workers.origin);
  const Pin& pin = *server.pin;
  switch (pin.mode) {
    case Pin::Mode::kAuto: out.add({"pin"}, "auto", server.pin.origin); break;
    case Pin::Mode::kOff: out.add({"pin"}, "off", server.pin.origin); break;
    case Pin::Mode::kCores:
      std::vector<DumpScalar> cores;
      for (const unsigned core : pin.cores) cores.emplace_back(std::int64_t{core});
      out.add_list({"pin"}, std::move(cores), server.pin.origin);
      break;
  }
  out.add({"utf8"}, std::string(to_string(*server.utf8)), server.utf8.origin);
  out.add({"server_header"}, shown(*server.server_header), server.server_header.origin);
  out.add_strings({"trusted_proxies"}, to_strings(*server.trusted_proxies), server.trusted_proxies.origin);
}

void write_listener(SectionWriter out, const Listener& listener) {
  std::vector<DumpScalar> addresses;
  for (const ListenAddress& address : listener.addresses) addresses.emplace_back(address.endpoint.to_string());
  out.add_list({"address"}, std::move(addresses), listener.address_origin);
  out.add({"tls"}, *listener.tls, listener.tls.origin);
  if (*listener.tls) out.add_strings({"protocols"}, *listener.protocols, listener.protocols.origin);
  out.add({"backlog"}, std::int64_t{*listener.backlog}, listener.backlog.origin);
  out.add({"congestion"}, *listener.congestion, listener.congestion.origin);
  if (*listener.mode) out.add({"mode"}, fmt::format("{:04o}", **listener.mode), listener.mode.origin);
  out.add({"proxy_protocol"}, std::string(to_string(*listener.proxy_protocol)), listener.proxy_protocol.origin);
  if (!listener.proxy_from->empty())
    out.add_strings({"proxy_from"}, to_strings(*listener.proxy_from), listener.proxy_from.origin);
}

void write_tls(std::vector<DumpSection>& sections, const TlsSettings& tls) {
  {
    SectionWriter out(sections, {"tls"});
    out.add({"min_version"}, std::string(to_string(*tls.min_version)), tls.min_version.origin);
    out.add({"ciphers"}, *tls.ciphers, tls.ciphers.origin);
    out.add({"unknown_sni"}, std::string(to_string(*tls.unknown_sni)), tls.unknown_sni.origin);
    out.add({"handshake_timeout"}, format_duration(*tls.handshake_timeout), tls.handshake_timeout.origin);
    out.add({"handshake_rate"}, format_rate(*tls.handshakes_per_hour), tls.handshakes_per_hour.origin);
    out.add({"tickets", "enabled"}, *tls.tickets, tls.tickets.origin);
    out.add({"tickets", "rotate"}, format_duration(*tls.ticket_rotate), tls.ticket_rotate.origin);
    out.add({"tickets", "keep"}, *tls.ticket_keep, tls.ticket_keep.origin);
    out.add({"watch"}, *tls.watch, tls.watch.origin);
    std::vector<std::string> times;
    for (const auto time : *tls.expiry_warn) times.push_back(format_duration(time));
    out.add_strings({"expiry_warn"}, times, tls.expiry_warn.origin);
  }
  for (const TlsCertificate& certificate : tls.certificates) {
    SectionWriter out(sections, {"tls", "cert"}, true);
    out.add({"chain"}, certificate.files.chain, certificate.chain_origin);
    out.add({"key"}, certificate.files.key, certificate.key_origin);
    if (!certificate.files.passphrase.empty())
      out.add({"passphrase"}, std::string(kSecret), certificate.passphrase_origin);
    out.add({"key_mode"}, std::string(certificate.files.any_key_mode ? "any" : "private"), certificate.key_mode_origin);
    out.add({"default"}, *certificate.is_default, certificate.is_default.origin);
  }
}

void write_rate(SectionWriter out, const Rate& rate) {
  out.add({"key"}, rate.key->to_string(), rate.key.origin);
  out.add({"rate"}, format_rate(*rate.requests_per_hour), rate.requests_per_hour.origin);
  out.add({"burst"}, *rate.burst, rate.burst.origin);
  out.add({"reply"}, std::int64_t{*rate.reply}, rate.reply.origin);
  out.add({"slots"}, *rate.slots, rate.slots.origin);
}

std::vector<std::string> retry_words(const handlers::RetryOptions& retry) {
  std::vector<std::string> words;
  if (retry.connect) words.emplace_back("connect");
  if (retry.reset) words.emplace_back("reset-before-response");
  if (retry.timeout) words.emplace_back("timeout");
  for (const auto status : retry.statuses) words.push_back(std::to_string(status));
  return words;
}

class UpstreamWriter {
 public:
  UpstreamWriter(std::vector<DumpSection>& sections, const Upstream& upstream)
      : sections_(sections), upstream_(upstream), out_(sections, {"upstream", upstream.name}) {}

  void write() {
    const handlers::UpstreamOptions& options = upstream_.options;
    add("balance", balance_text(options));
    write_discover(options);
    if (options.sticky) {
      add("sticky.cookie", options.sticky->cookie);
      if (options.sticky->ttl.count() != 0) add("sticky.ttl", format_duration(options.sticky->ttl));
      add("sticky.secure", options.sticky->secure);
      if (!options.sticky->secret.empty()) add("sticky.secret", std::string(kSecret));
    }
    add("keepalive.idle", format_duration(options.keepalive.idle));
    add("keepalive.age", format_duration(options.keepalive.age));
    add("keepalive.max_idle", number(options.keepalive.max_idle));
    add("keepalive.max_requests", number(options.keepalive.requests));
    add("timeout.connect", format_duration(options.connect.timeout));
    add("timeout.first_byte", format_duration(options.limits.first_byte));
    add("timeout.idle", format_duration(options.limits.body_idle));
    add("timeout.tunnel_idle", format_duration(options.tunnel_idle));
    add("max_conns", number(options.max_conns));
    add("queue.depth", number(options.queue.depth));
    add("queue.wait", format_duration(options.queue.wait));
    add("slow_start", format_duration(std::chrono::duration_cast<std::chrono::milliseconds>(
                          std::chrono::nanoseconds(options.balance.slow_start))));
    add("panic", options.balance.serve_all ? "serve-all" : "off");
    if (options.health) write_health(*options.health);
    add("eject.errors", number(options.eject.errors));
    add("eject.window", format_duration(options.eject.window));
    add("eject.for", format_duration(options.eject.duration));
    add("eject.max_ejected", format_percent(options.eject.max_ejected));
    out_.add_strings({"retry", "on"}, retry_words(options.retry), origin("retry.on"));
    add("retry.max", number(options.retry.max));
    add("retry.budget", format_percent(options.retry.budget));
    if (options.breaker) write_breaker(*options.breaker);
    if (options.tls) write_tls();
    for (const handlers::ServerOptions& server : options.servers) {
      SectionWriter out(sections_, {"upstream", upstream_.name, "servers"}, true);
      out.add({"addr"}, server.address, origin("servers"));
      out.add({"weight"}, std::int64_t{server.weight}, origin("servers"));
      out.add({"backup"}, server.backup, origin("servers"));
    }
  }

 private:
  template <class Number>
  static std::int64_t number(Number value) {
    return static_cast<std::int64_t>(value);
  }
  static std::string balance_text(const handlers::UpstreamOptions& options) {
    switch (options.balance.policy) {
      case handlers::Balance::kRoundRobin: return "round_robin";
      case handlers::Balance::kLeastConn: return "least_conn";
      case handlers::Balance::kHash: return "hash:" + options.hash.to_string();
      case handlers::Balance::kP2cEwma: break;
    }
    return "p2c_ewma";
  }
  [[nodiscard]] Origin origin(std::string_view path) const {
    const auto found = upstream_.origins.find(path);
    return found == upstream_.origins.end() ? Origin() : found->second;
  }
  void add(std::string_view path, DumpScalar value) {
    std::vector<std::string> key;
    for (std::string_view rest = path; !rest.empty();) {
      const std::size_t dot = rest.find('.');
      key.emplace_back(rest.substr(0, dot));
      rest.remove_prefix(dot == std::string_view::npos ? rest.size() : dot + 1);
    }
    out_.add(std::move(key), std::move(value), origin(path));
  }
  void write_discover(const handlers::UpstreamOptions& options) {
    using Type = handlers::DiscoverOptions::Type;
    if (!options.discover) return;
    const Type type = options.discover->type;
    add("discover.name", options.discover->name);
    if (type != Type::kService) add("discover.port", number(options.discover->port));
    add("discover.type", type == Type::kV4        ? "A"
                         : type == Type::kV6      ? "AAAA"
                         : type == Type::kService ? "SRV"
                                                  : "A+AAAA");
    add("discover.min_ttl", format_duration(options.resolve.min_ttl));
    add("discover.max_ttl", format_duration(options.resolve.max_ttl));
    add("discover.on_failure", options.discover->keep ? "keep" : "empty");
    add("discover.stale", format_duration(options.resolve.stale));
  }
  void write_health(const handlers::HealthOptions& health) {
    if (!health.path.empty()) add("health.path", health.path);
    if (!health.host.empty()) add("health.host", health.host);
    add("health.interval", format_duration(health.interval));
    add("health.timeout", format_duration(health.timeout));
    add("health.rise", number(health.rise));
    add("health.fall", number(health.fall));
    std::vector<DumpScalar> statuses;
    for (const auto status : health.expect) statuses.emplace_back(number(status));
    if (!statuses.empty()) out_.add_list({"health", "expect"}, std::move(statuses), origin("health.expect"));
    add("health.require", upstream_.options.balance.require_healthy);
  }
  void write_breaker(const handlers::BreakerOptions& breaker) {
    add("breaker.failures", format_percent(breaker.failures));
    add("breaker.requests", number(breaker.requests));
    add("breaker.window", format_duration(breaker.window));
    add("breaker.open", format_duration(breaker.open));
  }
  void write_tls() {
    const tls::TlsConfig& tls = upstream_.tls;
    add("tls.verify", tls.verify == tls::TlsVerify::kRequired);
    if (!tls.ca_bundle.empty()) add("tls.ca", tls.ca_bundle);
    if (!upstream_.options.tls_name.empty()) add("tls.sni", upstream_.options.tls_name);
    if (!tls.cert_file.empty()) add("tls.cert", tls.cert_file);
    if (!tls.key_file.empty()) add("tls.key", tls.key_file);
    if (!tls.key_passphrase.empty()) add("tls.passphrase", std::string(kSecret));
  }

  std::vector<DumpSection>& sections_;
  const Upstream& upstream_;
  SectionWriter out_;
};

DumpScalar limit_scalar(const http::Limits& limits, Limit limit) {
  return std::visit([](auto value) { return DumpScalar(std::move(value)); }, limit_value(limits, limit));
}

void write_limits(SectionWriter out, const LimitSettings& limits) {
  for (std::size_t i = 0; i < kLimitNames.size(); ++i) {
    const auto limit = static_cast<Limit>(i);
    out.add({std::string(kLimitNames[i])}, limit_scalar(limits.values, limit), limits.origin(limit));
  }
}

void write_compress(SectionWriter& out, const CompressSettings& compress) {
  if (!*compress.on) {
    if (!compress.on.origin.is_default()) out.add({"compress"}, false, compress.on.origin);
    return;
  }
  std::vector<std::string> codings;
  for (const http::ContentCoding coding : *compress.encodings) codings.emplace_back(to_string(coding));
  out.add_strings({"compress", "encodings"}, codings, compress.encodings.origin);
  out.add({"compress", "min_size"}, format_size(static_cast<std::uint64_t>(*compress.min_size)),
          compress.min_size.origin);
  out.add_strings({"compress", "types"}, *compress.types, compress.types.origin);
  out.add({"compress", "streams"}, *compress.streams, compress.streams.origin);
}

void write_fields(SectionWriter& out, const std::vector<std::string>& table, const std::vector<HeaderSetting>& set,
                  const std::vector<Value<std::string>>& unset) {
  const auto below = [&](std::initializer_list<std::string> rest) {
    std::vector<std::string> key = table;
    key.insert(key.end(), rest);
    return key;
  };
  for (const HeaderSetting& header : set)
    out.add(below({"set", header.name}), shown(*header.value), header.value.origin);
  if (unset.empty()) return;
  std::vector<DumpScalar> names;
  for (const auto& name : unset) names.emplace_back(*name);
  out.add_list(below({"unset"}), std::move(names), unset.back().origin);
}

void write_auth(SectionWriter& out, const AuthSettings& auth) {
  switch (*auth.kind) {
    case AuthSettings::Kind::kNone:
      if (!auth.kind.origin.is_default()) out.add({"auth"}, false, auth.kind.origin);
      break;
    case AuthSettings::Kind::kBasic:
      out.add({"auth", "basic", "realm"}, shown({*auth.realm, auth.realm.origin.secret}), auth.realm.origin);
      out.add({"auth", "basic", "users_file"}, shown({*auth.users_file, auth.users_file.origin.secret}),
              auth.users_file.origin);
      out.add({"auth", "basic", "cache"}, format_duration(*auth.cache), auth.cache.origin);
      break;
    case AuthSettings::Kind::kForward:
      out.add({"auth", "forward", "to"}, shown({auth.to->to, auth.to.origin.secret}), auth.to.origin);
      out.add({"auth", "forward", "path"}, shown({*auth.path, auth.path.origin.secret}), auth.path.origin);
      out.add_strings({"auth", "forward", "copy"}, *auth.copy, auth.copy.origin);
      break;
  }
}

void write_cors(SectionWriter& out, const CorsSettings& cors) {
  if (!*cors.on) {
    if (!cors.on.origin.is_default()) out.add({"cors"}, false, cors.on.origin);
    return;
  }
  out.add_strings({"cors", "origins"}, *cors.origins, cors.origins.origin);
  out.add_strings({"cors", "methods"}, *cors.methods, cors.methods.origin);
  out.add_strings({"cors", "headers"}, *cors.headers, cors.headers.origin);
  out.add_strings({"cors", "expose"}, *cors.expose, cors.expose.origin);
  out.add({"cors", "credentials"}, *cors.credentials, cors.credentials.origin);
  if (cors.max_age->has_value()) out.add({"cors", "max_age"}, format_duration(**cors.max_age), cors.max_age.origin);
}

void write_settings(SectionWriter& out, const Settings& settings) {
  for (const Limit limit : kRouteLimits) {
    out.add({"limits", std::string(kLimitNames[static_cast<std::size_t>(limit)])},
            limit_scalar(settings.limits.values, limit), settings.limits.origin(limit));
  }
  write_fields(out, {"headers"}, settings.headers_set, settings.headers_unset);
  write_fields(out, {"headers", "request"}, settings.request_set, settings.request_unset);
  if (!settings.cache_control->empty() || !settings.cache_control.origin.is_default()) {
    std::vector<DumpScalar> rules;
    for (const auto& rule : *settings.cache_control)
      rules.emplace_back(DumpTable{{"match", rule.match}, {"value", rule.value}});
    out.add_list({"cache_control"}, std::move(rules), settings.cache_control.origin);
  }
  for (const ErrorPage& page : settings.error_pages) out.add({"error_pages", page.status}, page.path, page.origin);
  write_compress(out, settings.compress);
  // An empty list that someone wrote keeps an outer one out.
  if (!settings.rates->empty() || !settings.rates.origin.is_default())
    out.add_strings({"rate"}, *settings.rates, settings.rates.origin);
  const auto& [allow, deny] = settings.access;
  if (*allow) out.add_strings({"allow"}, to_strings(**allow), allow.origin);
  if (!deny->empty() || !deny.origin.is_default()) out.add_strings({"deny"}, to_strings(*deny), deny.origin);
  write_auth(out, settings.auth);
  write_cors(out, settings.cors);
  if (*settings.security != SecurityHeaders::kOff || !settings.security.origin.is_default())
    out.add({"headers", "security"}, std::string(to_string(*settings.security)), settings.security.origin);
  if (settings.hsts->has_value()) out.add({"hsts"}, format_duration(**settings.hsts), settings.hsts.origin);
  out.add({"log"}, *settings.log, settings.log.origin);
}

void write_named(SectionWriter& out, const std::string& kind, const std::vector<NamedMatch>& matches,
                 const Origin& origin) {
  for (const NamedMatch& match : matches) {
    out.add_strings({kind, match.name}, match.secret ? std::vector<std::string>{std::string(kSecret)} : match.values,
                    origin);
  }
}

void write_static(SectionWriter& out, const handlers::StaticOptions& options, const Origin& origin) {
  const auto count = [](std::size_t number) { return DumpScalar(static_cast<std::int64_t>(number)); };
  const auto word = [](auto value) { return std::string(to_string(value)); };
  out.add_strings({"static", "index"}, options.index, origin);
  if (!options.fallback.empty()) out.add({"static", "fallback"}, options.fallback, origin);
  out.add_strings({"static", "precompressed"}, options.precompressed, origin);
  out.add({"static", "list"}, word(options.list), origin);
  out.add({"static", "list_entries"}, count(options.list_entries), origin);
  out.add({"static", "symlinks"}, word(options.symlinks), origin);
  out.add({"static", "dotfiles"}, options.dotfiles ? "allow" : "deny", origin);
  out.add({"static", "etag"}, word(options.etag), origin);
  out.add({"static", "cache"}, format_size(options.cache), origin);
  out.add({"static", "open_files"}, count(options.open_files), origin);
}

std::string host_text(const handlers::proxy::ForwardOptions& forward) {
  return forward.host == handlers::proxy::HostPolicy::kOriginal ? "original" : forward.host_name;
}

void write_proxy(SectionWriter& out, const Proxy& proxy, const Origin& origin) {
  const handlers::ProxyOptions& options = proxy.options;
  out.add({"proxy", "to"}, proxy.target.to, origin);
  if (!options.forward.strip_prefix.empty()) out.add({"proxy", "strip_prefix"}, options.forward.strip_prefix, origin);
  if (!options.forward.add_prefix.empty()) out.add({"proxy", "add_prefix"}, options.forward.add_prefix, origin);
  out.add({"proxy", "host"}, host_text(options.forward), origin);
  out.add({"proxy", "forwarded"}, options.forward.forwarded ? "rfc7239" : "off", origin);
  out.add({"proxy", "proxy_status"}, options.proxy_status, origin);
  out.add({"proxy", "buffer"}, format_size(options.buffer), origin);
  if (options.first_byte) out.add({"proxy", "timeout", "first_byte"}, format_duration(*options.first_byte), origin);
  if (options.idle) out.add({"proxy", "timeout", "idle"}, format_duration(*options.idle), origin);
  if (options.tunnel_idle) out.add({"proxy", "timeout", "tunnel_idle"}, format_duration(*options.tunnel_idle), origin);
  if (options.retry) {
    out.add_strings({"proxy", "retry", "on"}, retry_words(*options.retry), origin);
    out.add({"proxy", "retry", "max"}, std::int64_t{options.retry->max}, origin);
    out.add({"proxy", "retry", "budget"}, format_percent(options.retry->budget), origin);
  }
  if (!proxy.split) return;
  out.add({"proxy", "split", "to"}, proxy.split->target.to, origin);
  out.add({"proxy", "split", "share"}, format_percent(proxy.split->share), origin);
  if (proxy.split->by) out.add({"proxy", "split", "by"}, proxy.split->by->to_string(), origin);
}

void write_upgrade(SectionWriter& out, const std::string& table, const ws::UpgradeOptions& options,
                   const Origin& origin) {
  out.add_strings({table, "origins"}, options.origins, origin);
  out.add({table, "origin_required"}, options.origin_required, origin);
  out.add_strings({table, "subprotocols"}, options.subprotocols, origin);
  out.add({table, "deflate"}, options.deflate.has_value(), origin);
}

void write_session(SectionWriter& out, const ws::EndpointOptions& options, const Origin& origin) {
  const ws::SessionOptions& session = options.session;
  out.add({"ws", "message"}, format_size(session.limits.bytes), origin);
  out.add({"ws", "fragments"}, std::int64_t{session.limits.fragments}, origin);
  out.add({"ws", "queue"}, format_size(session.queue), origin);
  out.add({"ws", "on_slow"}, std::string(to_string(session.on_slow)), origin);
  out.add({"ws", "ping"}, format_duration(session.ping), origin);
  out.add({"ws", "idle"}, format_duration(session.idle), origin);
  out.add({"ws", "close_timeout"}, format_duration(session.close_timeout), origin);
  if (const auto& deflate = options.upgrade.deflate; deflate && deflate->memory != 0)
    out.add({"ws", "deflate_memory"}, format_size(deflate->memory), origin);
}

void write_hub(SectionWriter& out, const handlers::HubOptions& hub, const Origin& origin) {
  out.add({"hub", "publish"}, std::string(hub.anyone_publishes ? "anyone" : "token"), origin);
  if (!hub.publish_token.empty()) out.add({"hub", "publish_token"}, std::string(kSecret), origin);
  out.add({"hub", "history"}, static_cast<std::int64_t>(hub.topics.history), origin);
  out.add({"hub", "history_bytes"}, format_size(hub.topics.history_bytes), origin);
  out.add({"hub", "presence"}, hub.presence, origin);
  out.add({"hub", "topics"}, static_cast<std::int64_t>(hub.topics.topics), origin);
  out.add({"hub", "subscribers"}, static_cast<std::int64_t>(hub.topics.subscribers), origin);
  write_upgrade(out, "hub", hub.endpoint.upgrade, origin);
  write_session(out, hub.endpoint, origin);
}

void write_action(SectionWriter& out, const Route& route) {
  const Origin& origin = route.action_origin;
  if (const auto* respond = std::get_if<Respond>(&route.action)) {
    out.add({"respond", "status"}, std::int64_t{respond->status}, origin);
    out.add({"respond", "type"}, respond->type, origin);
    out.add({"respond", "text"}, shown(respond->text), origin);
  } else if (const auto* redirect = std::get_if<Redirect>(&route.action)) {
    out.add({"redirect", "to"}, shown({redirect->to, redirect->secret}), origin);
    out.add({"redirect", "status"}, std::int64_t{redirect->status}, origin);
  } else if (const auto* files = std::get_if<StaticFiles>(&route.action)) {
    out.add({"static", "root"}, files->root, origin);
    write_static(out, files->options, origin);
  } else if (const auto* proxy = std::get_if<Proxy>(&route.action)) {
    write_proxy(out, *proxy, origin);
  } else if (const auto* websocket = std::get_if<WebSocket>(&route.action)) {
    out.add({"websocket", "echo"}, true, origin);
    write_upgrade(out, "websocket", websocket->options.upgrade, origin);
    write_session(out, websocket->options, origin);
  } else if (const auto* hub = std::get_if<Hub>(&route.action)) {
    write_hub(out, hub->options, origin);
  }
}

void write_route(SectionWriter out, const Route& route) {
  const Origin here{route.place, {}};
  // An id that was not chosen repeats the path.
  Origin id_origin = route.id_origin;
  id_origin.secret = id_origin.secret || route.path.origin.secret;
  out.add({"id"}, route.id, std::move(id_origin));
  out.add({"path"}, *route.path, route.path.origin);
  for (const Param& param : route.params) out.add({"params", param.name}, std::string(to_string(param.kind)), here);
  if (!route.methods.empty()) out.add_strings({"method"}, route.methods, here);
  write_named(out, "header", route.headers, here);
  write_named(out, "query", route.queries, here);
  write_named(out, "cookie", route.cookies, here);
  std::vector<std::string> networks;
  for (const net::Cidr& network : route.from) networks.push_back(network.to_string());
  if (!networks.empty()) out.add_strings({"from"}, networks, here);
  if (!route.schemes.empty()) out.add_strings({"scheme"}, route.schemes, here);
  write_action(out, route);
  write_settings(out, route.settings);
}

void write_host(std::vector<DumpSection>& out, const Host& host) {
  {
    SectionWriter section(out, {"host", host.name});
    std::vector<DumpScalar> names;
    for (const HostName& name : host.names) names.emplace_back(name.name);
    section.add_list({"names"}, std::move(names), host.names_origin);
    section.add_strings({"listen"}, host.listen, host.listen_origin);
    if (host.client_auth) {
      const ClientAuth& auth = *host.client_auth;
      section.add({"client_auth", "mode"}, std::string(to_string(*auth.mode)), auth.mode.origin);
      section.add({"client_auth", "ca"}, *auth.ca, auth.ca.origin);
    }
    write_settings(section, host.settings);
  }
  for (const Route& route : host.routes) write_route({out, {"host", host.name, "route"}, true}, route);
}

std::vector<DumpScalar> targets(const std::vector<LogTarget>& list) {
  std::vector<DumpScalar> words;
  for (const LogTarget& target : list) {
    switch (target.kind) {
      case LogTarget::Kind::kStdout: words.emplace_back("stdout"); break;
      case LogTarget::Kind::kStderr: words.emplace_back("stderr"); break;
      case LogTarget::Kind::kFile: words.emplace_back("file:" + target.path); break;
    }
  }
  return words;
}

}  // namespace

std::vector<DumpSection> dump_model(const Config& config) {
  std::vector<DumpSection> out;
  SectionWriter(out, {}).add({"schema"}, std::int64_t{1}, {});
  write_server({out, {"server"}}, config.server);
  for (const Listener& listener : config.listeners) write_listener({out, {"listen", listener.name}}, listener);
  const bool secure = std::ranges::any_of(config.listeners, [](const Listener& listener) { return *listener.tls; });
  if (secure || !config.tls.certificates.empty()) write_tls(out, config.tls);
  write_limits({out, {"limits"}}, config.limits);
  for (const Rate& rate : config.rates) write_rate({out, {"rate", rate.name}}, rate);
  for (const Upstream& upstream : config.upstreams) UpstreamWriter(out, upstream).write();
  for (const Host& host : config.hosts) write_host(out, host);
  SectionWriter access(out, {"log", "access"});
  access.add_list({"to"}, targets(*config.log.access_to), config.log.access_to.origin);
  access.add({"format"}, std::string(to_string(*config.log.access_format)), config.log.access_format.origin);
  SectionWriter error(out, {"log", "error"});
  error.add_list({"to"}, targets(*config.log.error_to), config.log.error_to.origin);
  error.add({"level"}, std::string(to_string(*config.log.error_level)), config.log.error_level.origin);
  SectionWriter drain(out, {"drain"});
  drain.add({"timeout"}, format_duration(*config.drain_timeout), config.drain_timeout.origin);
  drain.add({"ws_spread"}, format_duration(*config.ws_spread), config.ws_spread.origin);
  return out;
}

}  // namespace flare::server::config
