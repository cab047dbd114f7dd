// The configuration after loading: typed, checked, merged (M8), immutable. Every value knows where it comes from.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "flare/handlers/access/access_control.h"
#include "flare/handlers/access/basic_auth.h"
#include "flare/handlers/access/cors.h"
#include "flare/handlers/compress_options.h"
#include "flare/handlers/hub/hub.h"
#include "flare/handlers/rate_limit.h"
#include "flare/handlers/reverse_proxy.h"
#include "flare/handlers/static_options.h"
#include "flare/handlers/upstream/upstream_options.h"
#include "flare/http/limits.h"
#include "flare/http/peer_trust.h"
#include "flare/net/cidr.h"
#include "flare/net/socket_addr.h"
#include "flare/tls/certificate.h"
#include "flare/tls/client_config.h"
#include "flare/tls/server_context.h"
#include "server/config/source.h"

namespace flare::server::config {

/// Where a value comes from; a default-constructed one is the built-in default.
struct Origin {
  Place place;
  std::string via;      ///< "preset api" where a preset brought it, else ""
  bool secret = false;  ///< from @env: or @file:, in whole or in part: dumps show "***"

  [[nodiscard]] bool is_default() const noexcept { return place.line == 0; }
  /// "default", "flare.toml:12", "flare.toml:12 via preset api".
  [[nodiscard]] std::string to_string() const;
};

template <class T>
struct Value {
  T value{};
  Origin origin;

  [[nodiscard]] const T& operator*() const noexcept { return value; }
  [[nodiscard]] const T* operator->() const noexcept { return &value; }
};

/// A string that may have come from @env: or @file:. Every dump shows it as "***".
struct Text {
  std::string text;
  bool secret = false;
};

struct Pin {
  enum class Mode : std::uint8_t { kAuto, kOff, kCores };
  Mode mode = Mode::kAuto;
  std::vector<unsigned> cores;  ///< with kCores: worker i goes to cores[i % size]
};

struct ServerSettings {
  Value<std::optional<unsigned>> workers;  ///< nullopt: auto
  Value<Pin> pin;
  Value<http::Utf8Policy> utf8;
  Value<Text> server_header{{.text = "flared"}, {}};  ///< "": send no Server field
  Value<net::PeerSet> trusted_proxies;
};

std::string_view to_string(http::ProxyProtocol mode) noexcept;
/// As the configuration writes it: networks, and "unix" for whoever connects on a unix socket.
std::vector<std::string> to_strings(const net::PeerSet& peers);

struct ListenAddress {
  net::Endpoint endpoint;
  std::string text;  ///< as written
  Place place;
};

struct Listener {
  std::string name;
  Place place;
  std::vector<ListenAddress> addresses;
  Origin address_origin;
  Value<int> backlog{4096, {}};
  Value<std::string> congestion{"auto", {}};  ///< or "system", or the kernel's name of one
  Value<std::optional<unsigned>> mode;        ///< permission bits for unix sockets
  Value<http::ProxyProtocol> proxy_protocol;
  Value<net::PeerSet> proxy_from;
  Value<bool> tls;
  Value<std::vector<std::string>> protocols{{"h1"}, {}};
};

/// One [[tls.cert]], loaded.
struct TlsCertificate {
  Place place;
  tls::Certificate::Files files;  ///< seen from the working directory of the process
  Origin chain_origin, key_origin, passphrase_origin, key_mode_origin;
  Value<bool> is_default;
  std::shared_ptr<const tls::Certificate> certificate;  ///< null only where an error was reported
};

struct TlsSettings {
  Value<tls::Version> min_version;
  Value<std::string> ciphers{"intermediate", {}};
  Value<tls::UnknownName> unknown_sni;
  Value<std::chrono::milliseconds> handshake_timeout{std::chrono::milliseconds(10'000), {}};
  Value<std::int64_t> handshakes_per_hour;  ///< 0: any number
  Value<bool> tickets{true, {}};
  Value<std::chrono::milliseconds> ticket_rotate{std::chrono::hours(12), {}};
  Value<std::int64_t> ticket_keep{2, {}};
  Value<bool> watch{true, {}};
  Value<std::vector<std::chrono::milliseconds>> expiry_warn{
      {std::chrono::hours(21 * 24), std::chrono::hours(7 * 24), std::chrono::hours(24)}, {}};
  std::vector<TlsCertificate> certificates;
};
std::string_view to_string(tls::Version version) noexcept;
std::string_view to_string(tls::UnknownName policy) noexcept;
std::string_view to_string(tls::ClientAuth::Mode mode) noexcept;

/// [host.NAME.client_auth].
struct ClientAuth {
  Value<tls::ClientAuth::Mode> mode{tls::ClientAuth::Mode::kRequire, {}};
  Value<std::string> ca;    ///< seen from the working directory of the process
  std::string authorities;  ///< what is in that file
};

/// The names of http::Limits in [limits], in its order.
enum class Limit : std::uint8_t {
  kHeaderBytes,
  kHeaderCount,
  kUriBytes,
  kBody,
  kHeaderTimeout,
  kBodyIdle,
  kWriteIdle,
  kMinRate,
  kBandwidth,
  kKeepaliveIdle,
  kKeepaliveRequests,
  kKeepaliveAge,
  kConnections,
  kPerIp,
};
inline constexpr std::array<std::string_view, 14> kLimitNames{
    "header_bytes",       "header_count",  "uri_bytes",   "body",      "header_timeout",
    "body_idle",          "write_idle",    "min_rate",    "bandwidth", "keepalive_idle",
    "keepalive_requests", "keepalive_age", "connections", "per_ip"};
/// A number, or text as in the file.
std::variant<std::int64_t, std::string> limit_value(const http::Limits& limits, Limit limit);
/// Those that hosts and routes may change.
inline constexpr std::array kRouteLimits{Limit::kBody, Limit::kBodyIdle, Limit::kWriteIdle, Limit::kMinRate,
                                         Limit::kBandwidth};

struct LimitSettings {
  http::Limits values;
  std::array<Origin, kLimitNames.size()> origins;  ///< by Limit

  [[nodiscard]] const Origin& origin(Limit limit) const noexcept { return origins[static_cast<std::size_t>(limit)]; }
  [[nodiscard]] Origin& origin(Limit limit) noexcept { return origins[static_cast<std::size_t>(limit)]; }
};

/// A response field to set. Names compare without case.
struct HeaderSetting {
  std::string name;
  Value<Text> value;
};

/// [rate.NAME].
struct Rate {
  std::string name;
  Place place;
  Value<handlers::RateKey> key;
  Value<std::int64_t> requests_per_hour{1, {}};
  Value<std::int64_t> burst{1, {}};
  Value<int> reply{429, {}};
  Value<std::int64_t> slots{runtime::TokenBuckets::kDefaultSlots, {}};
};

/// [upstream.NAME], or the server that a proxy's `to` names.
struct Upstream {
  std::string name;
  Place place;
  bool is_implied = false;                             ///< it stands in no table
  handlers::UpstreamOptions options;                   ///< with `tls` made
  tls::TlsConfig tls;                                  ///< where options.tls is there
  std::map<std::string, Origin, std::less<>> origins;  ///< of the keys that were given, dotted
};

/// `compress`: merges key by key; `true` or a table switches it on, `false` off.
struct CompressSettings {
  Value<bool> on;
  Value<std::vector<http::ContentCoding>> encodings{handlers::CompressOptions{}.encodings, {}};
  Value<std::int64_t> min_size{static_cast<std::int64_t>(handlers::CompressOptions{}.min_size), {}};
  Value<std::vector<std::string>> types{handlers::CompressOptions{}.types, {}};
  Value<std::int64_t> streams{handlers::CompressOptions{}.streams, {}};

  [[nodiscard]] handlers::CompressOptions options() const;
};

/// `allow` and `deny`: each list replaces that of an outer level.
struct AccessSettings {
  Value<std::optional<net::PeerSet>> allow;  ///< nullopt: everybody
  Value<net::PeerSet> deny;                  ///< wins over `allow`

  [[nodiscard]] handlers::AccessRules rules() const { return {.allow = *allow, .deny = *deny}; }
};

/// Whom a proxy, or auth.forward, asks.
struct ProxyTarget {
  std::string to;                           ///< as written: a pool's name, or a server
  std::shared_ptr<const Upstream> implied;  ///< the pool of that one server
};

/// `auth`: merges key by key; the innermost of basic, forward and false is what holds.
struct AuthSettings {
  enum class Kind : std::uint8_t { kNone, kBasic, kForward };
  Value<Kind> kind;
  Value<std::string> realm{handlers::BasicAuthOptions{}.realm, {}};
  Value<std::string> users_file;  ///< seen from the working directory of the process
  Value<std::chrono::milliseconds> cache{handlers::BasicAuthOptions{}.cache, {}};
  Value<ProxyTarget> to;
  Value<std::string> path{"/", {}};
  Value<std::vector<std::string>> copy;
};

/// `cors`: merges key by key; a table switches it on, `false` off.
struct CorsSettings {
  Value<bool> on;
  Value<std::vector<std::string>> origins;
  Value<std::vector<std::string>> methods;
  Value<std::vector<std::string>> headers;
  Value<std::vector<std::string>> expose;
  Value<bool> credentials;
  Value<std::optional<std::chrono::milliseconds>> max_age;

  [[nodiscard]] handlers::CorsOptions options() const;
};

/// headers.security: fields against what pages can be made to do, where an answer has none of that name.
enum class SecurityHeaders : std::uint8_t { kOff, kBasic, kStrict };
std::string_view to_string(SecurityHeaders preset) noexcept;

/// A file in place of flare's own error page.
struct ErrorPage {
  std::string status;  ///< "404", "4xx" or "5xx"
  std::string path;    ///< seen from the working directory of the process
  Origin origin;
};

/// What merges down to a route: limits, response fields, caching, error pages, rates, who may ask, whether to log.
struct Settings {
  LimitSettings limits;
  std::vector<HeaderSetting> headers_set;
  std::vector<Value<std::string>> headers_unset;
  std::vector<HeaderSetting> request_set;  ///< of the request, on its way to an upstream server
  std::vector<Value<std::string>> request_unset;
  Value<std::vector<handlers::CacheRule>> cache_control;
  std::vector<ErrorPage> error_pages;     ///< one for each status or class
  Value<std::vector<std::string>> rates;  ///< names in Config::rates, none twice
  Value<std::optional<std::chrono::milliseconds>> hsts;
  CompressSettings compress;
  AccessSettings access;
  AuthSettings auth;
  CorsSettings cors;
  Value<SecurityHeaders> security;
  Value<bool> log{true, {}};
};

enum class ParamKind : std::uint8_t { kInt, kUuid, kSlug, kHex };
std::string_view to_string(ParamKind kind) noexcept;
std::string_view to_string(http::Utf8Policy policy) noexcept;

struct Param {
  std::string name;
  ParamKind kind = ParamKind::kInt;
};

/// A matcher on something that has a name: one of `values` must be equal. `secret` hides the values from dumps.
struct NamedMatch {
  std::string name;
  std::vector<std::string> values;
  bool secret = false;
};

struct Respond {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  Text text;
};
struct Redirect {
  std::string to;  ///< with placeholders (M9); every placeholder is known to exist for this route
  int status = 308;
  bool secret = false;  ///< of `to`: dumps show "***"
};
struct StaticFiles {
  std::string root;  ///< seen from the working directory of the process
  Place root_place;
  handlers::StaticOptions options;  ///< without `file` and `cache_control`, which the route has
};
std::string_view to_string(handlers::ListFormat format) noexcept;
std::string_view to_string(handlers::Symlinks symlinks) noexcept;
std::string_view to_string(handlers::EtagFrom etag) noexcept;
/// proxy = { ... }.
struct Proxy {
  ProxyTarget target;
  handlers::ProxyOptions options;  ///< without `forward.instance`, which is the process's
  /// Another pool for a part of the requests.
  struct Split {
    ProxyTarget target;
    double share = 0;
    std::optional<handlers::HashKey> by;  ///< whose requests stay together; without it each goes its own way
  };
  std::optional<Split> split;
};
/// websocket = { ... } and ws: without `session.write_idle` and `drain_spread`, which are not the route's.
struct WebSocket {
  ws::EndpointOptions options;
};
/// hub = { ... } and ws; the same.
struct Hub {
  handlers::HubOptions options;
};
std::string_view to_string(ws::OnSlow policy) noexcept;
using Action = std::variant<Respond, Redirect, StaticFiles, Proxy, WebSocket, Hub>;

struct Route {
  std::string id;  ///< unique in the configuration
  Origin id_origin;
  Place place;  ///< of its table
  Value<std::string> path;
  std::vector<Param> params;
  std::vector<std::string> methods;  ///< "" for all; GET implies HEAD (M4)
  std::vector<NamedMatch> headers, queries, cookies;
  std::vector<net::Cidr> from;
  std::vector<std::string> schemes;
  Action action;
  Origin action_origin;
  Settings settings;

  /// The number of matchers beside the path (M5): method, from and scheme one each, every header, query and cookie one.
  [[nodiscard]] std::size_t matcher_count() const noexcept;
};

struct HostName {
  std::string name;  ///< A-label form, lower case: "www.example.com", "*.example.com" or "_"
  Place place;
};

struct Host {
  std::string name;  ///< NAME of [host.NAME], "_" for the routes at the top level
  Place place;
  std::vector<HostName> names;
  Origin names_origin;
  std::vector<std::string> listen;  ///< names of listeners, resolved: never empty
  Origin listen_origin;
  std::optional<ClientAuth> client_auth;
  Settings settings;  ///< for answers that no route gives (404, 405)
  std::vector<Route> routes;
};

struct LogTarget {
  enum class Kind : std::uint8_t { kStdout, kStderr, kFile };
  Kind kind = Kind::kStdout;
  std::string path;  ///< with kFile; seen from the working directory of the process
};

enum class AccessFormat : std::uint8_t { kJson, kCombined };
enum class LogLevel : std::uint8_t { kTrace, kDebug, kInfo, kWarn, kError };
std::string_view to_string(AccessFormat format) noexcept;
std::string_view to_string(LogLevel level) noexcept;

struct LogSettings {
  Value<std::vector<LogTarget>> access_to{{LogTarget{}}, {}};  ///< empty: off
  Value<AccessFormat> access_format;
  Value<std::vector<LogTarget>> error_to{{LogTarget{.kind = LogTarget::Kind::kStderr}}, {}};
  Value<LogLevel> error_level{LogLevel::kInfo, {}};
};

struct Config {
  ServerSettings server;
  std::vector<Listener> listeners;
  TlsSettings tls;
  LimitSettings limits;       ///< built-in and [limits]
  CompressSettings compress;  ///< built-in and [compress]
  std::vector<Rate> rates;
  std::vector<Upstream> upstreams;
  std::vector<Host> hosts;
  LogSettings log;
  Value<std::chrono::milliseconds> drain_timeout{std::chrono::milliseconds(30'000), {}};
  Value<std::chrono::milliseconds> ws_spread{std::chrono::milliseconds(10'000), {}};
  SourceSet sources;

  [[nodiscard]] std::size_t route_count() const noexcept;
};

}  // namespace flare::server::config
