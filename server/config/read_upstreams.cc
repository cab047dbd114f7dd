#include "server/config/read_upstreams.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "flare/base/ascii.h"
#include "flare/base/numbers.h"
#include "flare/handlers/upstream/server_name.h"
#include "server/config/nearest.h"
#include "server/config/units.h"

namespace flare::server::config {
namespace {

constexpr std::string_view kHttp = "http://";
constexpr std::string_view kHttps = "https://";
constexpr std::string_view kUnix = "unix:";
constexpr const char* kAddressHelp =
    "write \"192.0.2.1:3000\", \"[2001:db8::1]:3000\", \"app.internal:3000\" or \"unix:/run/app.sock\"";

bool is_address(const std::string& text) {
  if (text.starts_with(':')) return false;
  try {
    static_cast<void>(net::Endpoint::parse(text));
    return true;
  } catch (const AddressParseError&) {
    return handlers::ServerName::parse(text).has_value();
  }
}

/// A path that can stand in a request line.
bool is_path(std::string_view text) noexcept {
  return text.starts_with('/') && std::ranges::all_of(text, [](char c) { return c > ' ' && c != 0x7F && c != '#'; });
}

class UpstreamReader {
 public:
  UpstreamReader(LoadContext& context, const Member& member)
      : context_(context), table_(member.value), options_(upstream_.options) {
    upstream_.name = options_.name = member.key;
    upstream_.place = context.sources.place(member.key_at);
  }

  Upstream read() {
    read_servers();
    read_discover();
    read_balance();
    read_sticky();
    duration("keepalive.idle", options_.keepalive.idle);
    duration("keepalive.age", options_.keepalive.age);
    integer("keepalive.max_idle", options_.keepalive.max_idle);
    integer("keepalive.max_requests", options_.keepalive.requests);
    duration("timeout.connect", options_.connect.timeout);
    duration("timeout.first_byte", options_.limits.first_byte);
    duration("timeout.idle", options_.limits.body_idle);
    options_.limits.write_idle = options_.limits.body_idle;
    duration("timeout.tunnel_idle", options_.tunnel_idle);
    integer("max_conns", options_.max_conns);
    integer("queue.depth", options_.queue.depth);
    duration("queue.wait", options_.queue.wait);
    read_health();
    integer("eject.errors", options_.eject.errors);
    duration("eject.window", options_.eject.window);
    duration("eject.for", options_.eject.duration);
    percent("eject.max_ejected", options_.eject.max_ejected);
    if (const Node* retry = table_.find("retry")) read_retry(*retry);
    read_breaker();
    read_tls();
    return std::move(upstream_);
  }

 private:
  void fail(const Node& node, std::string message, std::string help) {
    context_.report("FL0003", node.at, std::move(message), std::move(help));
  }

  const Node* find(std::string_view path) {
    const Node* node = &table_;
    for (std::string_view rest = path; node != nullptr && !rest.empty();) {
      const std::size_t dot = rest.find('.');
      node = node->kind == Node::Kind::kTable ? node->find(rest.substr(0, dot)) : nullptr;
      rest.remove_prefix(dot == std::string_view::npos ? rest.size() : dot + 1);
    }
    if (node != nullptr) upstream_.origins[std::string(path)] = context_.origin(*node);
    return node;
  }
  void duration(std::string_view path, std::chrono::milliseconds& value) {
    if (const Node* node = find(path)) value = parse_duration(node->text).value_or(value);
  }
  template <class Integer>
  void integer(std::string_view path, Integer& value) {
    if (const Node* node = find(path)) value = static_cast<Integer>(node->integer);
  }
  void percent(std::string_view path, double& value) {
    const Node* const node = find(path);
    if (node == nullptr) return;
    const auto part = parse_percent(node->text);
    if (!part) return fail(*node, fmt::format("{} is not a percentage", shown(*node)), "write \"20%\"");
    value = *part;
  }

  void read_servers() {
    const Node* const servers = find("servers");
    if (servers == nullptr) return;
    for (const Node& table : servers->items) {
      const Node* const address = table.find("addr");
      if (address == nullptr) continue;
      handlers::ServerOptions server{.address = address->text};
      if (!is_address(server.address)) {
        fail(*address, fmt::format("{} is no server", shown(*address)), kAddressHelp);
        continue;
      }
      const auto same = [&](const handlers::ServerOptions& other) { return other.address == server.address; };
      if (std::ranges::any_of(options_.servers, same)) {
        fail(*address, fmt::format("{} is there twice", shown(*address)), "give it more weight instead");
      }
      if (const Node* weight = table.find("weight")) server.weight = static_cast<std::uint32_t>(weight->integer);
      if (const Node* backup = table.find("backup")) server.backup = backup->boolean;
      options_.servers.push_back(std::move(server));
    }
  }

  void read_discover() {
    using Type = handlers::DiscoverOptions::Type;
    const Node* const table = find("discover");
    if (table == nullptr) {
      const Member* const servers = table_.member("servers");
      if (!table_.bad && (servers == nullptr || (!servers->value.bad && servers->value.items.empty())))
        context_.report("FL0003", table_.at, fmt::format("[upstream.{}] has no servers", upstream_.name),
                        "add servers = [{ addr = \"...\" }] or discover = { name = \"...\", port = 80 }");
      return;
    }
    handlers::DiscoverOptions discover;
    if (const Node* name = find("discover.name")) {
      discover.name = name->text;
      if (!handlers::ServerName::parse(discover.name + ":1"))
        fail(*name, fmt::format("{} is not a host name", shown(*name)), "such as \"app.internal\"");
    }
    if (const Node* type = find("discover.type"))
      discover.type = type->text == "A"      ? Type::kV4
                      : type->text == "AAAA" ? Type::kV6
                      : type->text == "SRV"  ? Type::kService
                                             : Type::kBoth;
    const Node* const port = find("discover.port");
    if (port != nullptr) discover.port = static_cast<std::uint16_t>(port->integer);
    if ((port == nullptr) != (discover.type == Type::kService)) {
      fail(port == nullptr ? *table : *port,
           port == nullptr ? "discover has no port" : "the services of an SRV record have their own ports",
           port == nullptr ? "add port = 80" : "remove port");
    }
    if (!options_.servers.empty()) fail(*table, "a pool has servers or discovers them", "make two pools of it");
    if (const Node* failure = find("discover.on_failure")) discover.keep = failure->text == "keep";
    duration("discover.min_ttl", options_.resolve.min_ttl);
    duration("discover.max_ttl", options_.resolve.max_ttl);
    duration("discover.stale", options_.resolve.stale);
    if (options_.resolve.min_ttl > options_.resolve.max_ttl)
      fail(*table, "discover.min_ttl is longer than max_ttl", "make it shorter");
    options_.discover = std::move(discover);
  }

  void read_balance() {
    using handlers::Balance;
    duration_ns("slow_start", options_.balance.slow_start);
    if (const Node* panic = find("panic")) options_.balance.serve_all = panic->text == "serve-all";
    const Node* const node = find("balance");
    if (node == nullptr) return;
    constexpr std::string_view kHash = "hash:";
    if (node->text == "round_robin") {
      options_.balance.policy = Balance::kRoundRobin;
    } else if (node->text == "least_conn") {
      options_.balance.policy = Balance::kLeastConn;
    } else if (node->text.starts_with(kHash)) {
      options_.balance.policy = Balance::kHash;
      const auto key = handlers::HashKey::parse(std::string_view(node->text).substr(kHash.size()));
      if (key) options_.hash = *key;
      if (!key)
        fail(*node, fmt::format("{} names nothing to hash", shown(*node)),
             "write \"hash:uri\", \"hash:path\", \"hash:client_ip\", \"hash:header:NAME\" or \"hash:cookie:NAME\"");
    } else if (node->text != "p2c_ewma") {
      constexpr std::array<std::string_view, 4> kPolicies{"round_robin", "least_conn", "p2c_ewma", "hash:uri"};
      std::string help = did_you_mean(node->text, kPolicies);
      if (help.empty()) help = "write one of " + quoted_list(kPolicies);
      fail(*node, fmt::format("{} is no way to balance", shown(*node)), help);
    }
  }
  void duration_ns(std::string_view path, std::int64_t& value) {
    std::chrono::milliseconds time(value / 1'000'000);
    duration(path, time);
    value = std::chrono::nanoseconds(time).count();
  }

  void read_sticky() {
    if (find("sticky") == nullptr) return;
    handlers::StickyOptions sticky;
    if (const Node* cookie = find("sticky.cookie")) {
      sticky.cookie = cookie->text;
      if (!ascii::is_token(sticky.cookie))
        fail(*cookie, fmt::format("{} is not a cookie's name", shown(*cookie)), "letters, digits, - and _");
    }
    std::chrono::milliseconds ttl{0};
    duration("sticky.ttl", ttl);
    sticky.ttl = std::chrono::duration_cast<std::chrono::seconds>(ttl);
    if (const Node* secure = find("sticky.secure")) sticky.secure = secure->boolean;
    if (const Node* secret = find("sticky.secret")) sticky.secret = secret->text;
    options_.sticky = std::move(sticky);
  }

  void read_health() {
    const Node* const table = find("health");
    if (table == nullptr) return;
    handlers::HealthOptions health;
    if (const Node* path = find("health.path")) {
      health.path = path->text;
      if (!is_path(health.path)) fail(*path, fmt::format("{} is no path", shown(*path)), "such as \"/health\"");
    }
    if (const Node* host = find("health.host")) health.host = host->text;
    duration("health.interval", health.interval);
    duration("health.timeout", health.timeout);
    integer("health.rise", health.rise);
    integer("health.fall", health.fall);
    for (const Node* status : elements(find("health.expect")))
      health.expect.push_back(static_cast<std::uint16_t>(status->integer));
    if (const Node* require = find("health.require")) options_.balance.require_healthy = require->boolean;
    if (health.timeout >= health.interval) {
      const Node* const timeout = find("health.timeout");
      context_.report("FL0603", (timeout != nullptr ? *timeout : *table).at,
                      fmt::format("health.timeout ({}) is not shorter than health.interval ({})",
                                  format_duration(health.timeout), format_duration(health.interval)),
                      "a check has to end before the next one begins");
    }
    options_.health = std::move(health);
  }

  void read_retry(const Node& table) {
    read_retry_options(context_, table, options_.retry);
    for (const char* key : {"retry.on", "retry.max", "retry.budget"}) static_cast<void>(find(key));
  }

  void read_breaker() {
    if (find("breaker") == nullptr) return;
    handlers::BreakerOptions breaker;
    percent("breaker.failures", breaker.failures);
    integer("breaker.requests", breaker.requests);
    duration("breaker.window", breaker.window);
    duration("breaker.open", breaker.open);
    options_.breaker = breaker;
  }

  void read_tls() {
    const Node* const node = find("tls");
    if (node == nullptr || (node->kind == Node::Kind::kBoolean && !node->boolean)) return;
    tls::TlsConfig& config = upstream_.tls;
    if (const Node* verify = find("tls.verify"); verify != nullptr && !verify->boolean)
      config.verify = tls::TlsVerify::kNone;
    const auto file = [&](std::string_view path, std::string& value) {
      if (const Node* name = find(path)) value = context_.resolve(name->at, name->text);
    };
    file("tls.ca", config.ca_bundle);
    file("tls.cert", config.cert_file);
    file("tls.key", config.key_file);
    if (const Node* passphrase = find("tls.passphrase")) config.key_passphrase = passphrase->text;
    if (const Node* name = find("tls.sni")) options_.tls_name = name->text;
    make_context(context_, *node, upstream_);
  }

  friend std::optional<Upstream> config::implied_upstream(LoadContext& context, const Node& url);
  static void make_context(LoadContext& context, const Node& node, Upstream& upstream) {
    try {
      upstream.options.tls = tls::ClientContext::make(upstream.tls);
    } catch (const Exception& exception) {
      context.report("FL0301", node.at, exception.what(), "name PEM files that flared may read");
    }
  }

  LoadContext& context_;
  const Node& table_;
  Upstream upstream_;
  handlers::UpstreamOptions& options_;
};

}  // namespace

void read_retry_options(LoadContext& context, const Node& table, handlers::RetryOptions& retry) {
  if (const Node* max = table.find("max")) retry.max = static_cast<std::uint32_t>(max->integer);
  if (const Node* budget = table.find("budget")) {
    const auto part = parse_percent(budget->text);
    if (part) retry.budget = *part;
    if (!part)
      context.report("FL0003", budget->at, fmt::format("{} is not a percentage", shown(*budget)), "write \"20%\"");
  }
  const Node* const on = table.find("on");
  if (on == nullptr) return;
  retry.connect = retry.reset = retry.timeout = false;
  retry.statuses.clear();
  for (const Node* node : elements(on)) {
    constexpr std::array<std::string_view, 3> kWords{"connect", "reset-before-response", "timeout"};
    const auto status = parse_decimal<std::uint16_t>(node->text);
    if (node->text == kWords[0]) {
      retry.connect = true;
    } else if (node->text == kWords[1]) {
      retry.reset = true;
    } else if (node->text == kWords[2]) {
      retry.timeout = true;
    } else if (status && *status >= 400 && *status <= 599) {
      retry.statuses.push_back(*status);
    } else {
      std::string help = did_you_mean(node->text, kWords);
      if (help.empty()) help = "write " + quoted_list(kWords) + " or a status from \"400\" to \"599\"";
      context.report("FL0003", node->at, fmt::format("{} is nothing to repeat a request for", shown(*node)), help);
    }
  }
}

void read_upstreams(LoadContext& context, const Node& document, std::vector<Upstream>& upstreams) {
  const Node* tables = document.find("upstream");
  if (tables == nullptr) return;
  for (const Member& member : tables->members) {
    if (member.value.kind == Node::Kind::kTable) upstreams.push_back(UpstreamReader(context, member).read());
  }
}

bool is_server_url(std::string_view text) noexcept {
  return text.contains("://") || text.starts_with(kUnix) || text.contains(':') || text.contains('/');
}

std::optional<Upstream> implied_upstream(LoadContext& context, const Node& url) {
  Upstream upstream;
  upstream.name = upstream.options.name = url.text;
  upstream.place = context.sources.place(url.at);
  upstream.is_implied = true;
  std::string where = url.text;
  const bool secure = where.starts_with(kHttps);
  const auto fail = [&](std::string message, std::string help) {
    context.report("FL0003", url.at, std::move(message), std::move(help));
    return std::nullopt;
  };
  constexpr const char* kHelp =
      "write \"http://127.0.0.1:3000\", \"https://app.example.net\", \"unix:/run/app.sock\", or a pool's name";
  if (secure || where.starts_with(kHttp)) {
    where.erase(0, secure ? kHttps.size() : kHttp.size());
    if (where.ends_with('/')) where.pop_back();
    if (where.contains('/') || where.contains('?') || where.contains('@')) {
      return fail(fmt::format("{} is more than a server", shown(url)),
                  "scheme, address and port only; strip_prefix and add_prefix change the path");
    }
    const bool has_port = where.starts_with('[') ? where.contains("]:") : where.contains(':');
    if (!has_port) where += secure ? ":443" : ":80";
  } else if (!where.starts_with(kUnix)) {
    return fail(fmt::format("{} is no server", shown(url)), kHelp);
  }
  if (!is_address(where)) return fail(fmt::format("{} has no address and port", shown(url)), kHelp);
  upstream.options.servers.push_back({.address = where});
  if (secure) UpstreamReader::make_context(context, url, upstream);
  return upstream;
}

namespace {

class NameChecker {
 public:
  NameChecker(LoadContext& context, const std::vector<Upstream>& upstreams) : context_(context), upstreams_(upstreams) {
    for (const Upstream& upstream : upstreams) {
      if (!upstream.is_implied) names_.push_back(upstream.name);
    }
  }

  void check_auth(const Node& table) {
    const Node* const auth = table.find("auth");
    if (auth == nullptr || auth->kind != Node::Kind::kTable) return;
    if (const Node* forward = auth->find("forward")) check(forward->find("to"));
  }
  void check_routes(const Node* routes) {
    if (routes == nullptr) return;
    for (const Node& route : routes->items) {
      check_auth(route);
      const Node* const proxy = route.find("proxy");
      if (proxy == nullptr || proxy->kind != Node::Kind::kTable) continue;
      check(proxy->find("to"));
      if (const Node* split = proxy->find("split")) check(split->find("to"));
    }
  }
  void warn_unused() {
    for (const Upstream& upstream : upstreams_) {
      if (upstream.is_implied || std::ranges::find(used_, upstream.name) != used_.end()) continue;
      context_.diagnostics.add(
          {.id = "FL0202",
           .severity = Severity::kWarning,
           .place = upstream.place,
           .message = fmt::format("[upstream.{}] is defined but not used", upstream.name),
           .help = fmt::format("name it in a route's proxy = {{ to = \"{}\" }}, or remove it", upstream.name)});
    }
  }

 private:
  void check(const Node* to) {
    if (to == nullptr || is_server_url(to->text)) return;
    if (std::ranges::find(names_, to->text) != names_.end()) {
      used_.push_back(to->text);
      return;
    }
    std::string help = to->secret ? std::string() : did_you_mean(to->text, names_);
    if (!help.empty()) help += ' ';
    help += names_.empty() ? std::string("no pool is defined: add [upstream.NAME], or write \"http://127.0.0.1:3000\"")
                           : "defined: " + quoted_list(names_);
    context_.report("FL0201", to->at, fmt::format("there is no upstream {}", shown(*to)), help);
  }

  LoadContext& context_;
  const std::vector<Upstream>& upstreams_;
  std::vector<std::string_view> names_;
  std::vector<std::string_view> used_;
};

}  // namespace

void check_upstream_names(LoadContext& context, const Node& document, const std::vector<Upstream>& upstreams,
                          bool complete) {
  NameChecker checker(context, upstreams);
  checker.check_routes(document.find("route"));
  if (const Node* hosts = document.find("host")) {
    for (const Member& host : hosts->members) {
      checker.check_auth(host.value);
      checker.check_routes(host.value.find("route"));
    }
  }
  if (const Node* presets = document.find("preset")) {
    for (const Member& preset : presets->members) checker.check_auth(preset.value);
  }
  if (complete) checker.warn_unused();
}

}  // namespace flare::server::config
