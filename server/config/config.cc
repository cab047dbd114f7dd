#include "server/config/config.h"

#include <fmt/format.h>

#include "server/config/units.h"

namespace flare::server::config {

std::string Origin::to_string() const {
  if (is_default()) return "default";
  std::string text = fmt::format("{}:{}", place.file, place.line);
  if (!via.empty()) text.append(" via ").append(via);
  return text;
}

std::string_view to_string(ParamKind kind) noexcept {
  switch (kind) {
    case ParamKind::kInt: return "int";
    case ParamKind::kUuid: return "uuid";
    case ParamKind::kSlug: return "slug";
    case ParamKind::kHex: return "hex";
  }
  return "";
}

std::string_view to_string(http::Utf8Policy policy) noexcept {
  return policy == http::Utf8Policy::kStrict ? "strict" : "opaque";
}

std::string_view to_string(AccessFormat format) noexcept {
  switch (format) {
    case AccessFormat::kJson: return "json";
    case AccessFormat::kCombined: return "combined";
  }
  return "";
}

std::string_view to_string(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::kTrace: return "trace";
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarn: return "warn";
    case LogLevel::kError: return "error";
  }
  return "";
}

std::variant<std::int64_t, std::string> limit_value(const http::Limits& limits, Limit limit) {
  switch (limit) {
    case Limit::kHeaderBytes: return format_size(limits.header_bytes);
    case Limit::kHeaderCount: return std::int64_t{limits.header_count};
    case Limit::kUriBytes: return format_size(limits.uri_bytes);
    case Limit::kBody: return format_size(limits.body);
    case Limit::kHeaderTimeout: return format_duration(limits.header_timeout);
    case Limit::kBodyIdle: return format_duration(limits.body_idle);
    case Limit::kWriteIdle: return format_duration(limits.write_idle);
    case Limit::kMinRate: return format_byte_rate(limits.min_rate);
    case Limit::kBandwidth: return format_byte_rate(limits.bandwidth);
    case Limit::kKeepaliveIdle: return format_duration(limits.keepalive_idle);
    case Limit::kKeepaliveRequests: return std::int64_t{limits.keepalive_requests};
    case Limit::kKeepaliveAge: return format_duration(limits.keepalive_age);
    case Limit::kConnections: return std::int64_t{limits.connections};
    case Limit::kPerIp: return std::int64_t{limits.per_ip};
  }
  return {};
}

std::string_view to_string(tls::Version version) noexcept { return version == tls::Version::kTls13 ? "1.3" : "1.2"; }

std::string_view to_string(tls::UnknownName policy) noexcept {
  return policy == tls::UnknownName::kReject ? "reject" : "default-cert";
}

std::string_view to_string(tls::ClientAuth::Mode mode) noexcept {
  return mode == tls::ClientAuth::Mode::kRequest ? "request" : "require";
}

handlers::CompressOptions CompressSettings::options() const {
  return {.encodings = *encodings,
          .min_size = static_cast<std::size_t>(*min_size),
          .types = *types,
          .streams = static_cast<std::uint32_t>(*streams)};
}

handlers::CorsOptions CorsSettings::options() const {
  handlers::CorsOptions options{
      .origins = *origins, .methods = *methods, .headers = *headers, .expose = *expose, .credentials = *credentials};
  if (const auto& age = *max_age) options.max_age = std::chrono::duration_cast<std::chrono::seconds>(*age);
  return options;
}

std::string_view to_string(SecurityHeaders preset) noexcept {
  switch (preset) {
    case SecurityHeaders::kOff: return "off";
    case SecurityHeaders::kBasic: return "basic";
    case SecurityHeaders::kStrict: return "strict";
  }
  return {};
}

std::string_view to_string(ws::OnSlow policy) noexcept {
  switch (policy) {
    case ws::OnSlow::kClose: return "close-1013";
    case ws::OnSlow::kDropNewest: return "drop-newest";
    case ws::OnSlow::kDropOldest: return "drop-oldest";
    case ws::OnSlow::kPauseProducer: return "pause-producer";
  }
  return "";
}

std::string_view to_string(handlers::ListFormat format) noexcept {
  switch (format) {
    case handlers::ListFormat::kOff: return "off";
    case handlers::ListFormat::kHtml: return "html";
    case handlers::ListFormat::kJson: return "json";
  }
  return "";
}

std::string_view to_string(handlers::Symlinks symlinks) noexcept {
  switch (symlinks) {
    case handlers::Symlinks::kNever: return "never";
    case handlers::Symlinks::kSameOwner: return "same-owner";
    case handlers::Symlinks::kInsideRoot: return "inside-root";
  }
  return "";
}

std::string_view to_string(handlers::EtagFrom etag) noexcept {
  return etag == handlers::EtagFrom::kTime ? "time" : "content";
}

std::string_view to_string(http::ProxyProtocol mode) noexcept {
  switch (mode) {
    case http::ProxyProtocol::kOff: return "off";
    case http::ProxyProtocol::kAccept: return "accept";
    case http::ProxyProtocol::kRequire: return "require";
  }
  return "";
}

std::vector<std::string> to_strings(const net::PeerSet& peers) {
  std::vector<std::string> words;
  for (const net::Cidr& network : peers.networks) words.push_back(network.to_string());
  if (peers.unix_peers) words.emplace_back("unix");
  return words;
}

std::size_t Route::matcher_count() const noexcept {
  const auto one = [](const auto& list) { return list.empty() ? std::size_t{0} : std::size_t{1}; };
  return one(methods) + one(from) + one(schemes) + headers.size() + queries.size() + cookies.size();
}

std::size_t Config::route_count() const noexcept {
  std::size_t count = 0;
  for (const Host& host : hosts) count += host.routes.size();
  return count;
}

}  // namespace flare::server::config
