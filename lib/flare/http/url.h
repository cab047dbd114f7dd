// Where a client's request goes: http, https, ws and wss URLs (RFC 9110 §4.2, RFC 6455 §3, syntax RFC 3986). Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "flare/base/exception.h"

namespace flare::http {

/// Text that is no URL of these schemes; the message quotes it and says what is wrong with it.
class UrlParseError : public Exception {
  using Exception::Exception;
};

/// A value. What it holds can stand in a request line and a Host field as it is: visible ASCII, no blanks.
class Url {
 public:
  enum class Scheme : std::uint8_t { kHttp, kHttps, kWs, kWss };

  /// "wss://example.com/feed?from=1", "http://[2001:db8::1]:8080". Refused: userinfo, hosts that are neither a name nor
  /// an address (names of other scripts are to be written in Punycode), ports that are not 1 to 65535, blanks, controls
  /// and what else has no place in a target, and fragments of ws and wss (RFC 6455 §3). Those of http and https are
  /// dropped: they are never sent (RFC 9110 §4.2.5). parse throws UrlParseError; try_parse returns nullopt.
  static Url parse(std::string_view text);
  static std::optional<Url> try_parse(std::string_view text);

  [[nodiscard]] Scheme scheme() const noexcept { return scheme_; }
  [[nodiscard]] bool is_tls() const noexcept { return scheme_ == Scheme::kHttps || scheme_ == Scheme::kWss; }
  /// A name in lower case, without a dot at its end, or an IP address without brackets.
  [[nodiscard]] const std::string& host() const noexcept { return host_; }
  /// As given, or the scheme's own: 80, 443.
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// For Host (RFC 9110 §7.2): the port stands in it where it is not the scheme's own.
  [[nodiscard]] std::string authority() const;
  /// Path and query (RFC 9112 §3.2.1): begins with '/'.
  [[nodiscard]] const std::string& request_target() const noexcept { return target_; }
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const Url&, const Url&) = default;

 private:
  Url() = default;
  /// The other side: what is wrong.
  static std::expected<Url, const char*> read(std::string_view text);
  const char* read_authority(std::string_view text);
  const char* read_host(std::string_view text, bool bracketed);
  const char* read_target(std::string_view text);

  Scheme scheme_ = Scheme::kHttp;
  std::uint16_t port_ = 0;
  std::string host_;
  std::string target_;
};

std::string_view to_string(Url::Scheme scheme) noexcept;

}  // namespace flare::http
