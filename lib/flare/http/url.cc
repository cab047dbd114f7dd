#include "flare/http/url.h"

#include <algorithm>
#include <utility>

#include "flare/base/ascii.h"
#include "flare/base/numbers.h"
#include "flare/base/quote.h"
#include "flare/http/byte_scan.h"
#include "flare/net/ip_addr.h"

namespace flare::http {
namespace {

constexpr std::size_t kLongestName = 253;  // RFC 1035 §2.3.4, as text

constexpr std::uint16_t default_port(Url::Scheme scheme) noexcept {
  return scheme == Url::Scheme::kHttps || scheme == Url::Scheme::kWss ? 443 : 80;
}

std::optional<Url::Scheme> scheme_of(std::string_view text) noexcept {
  for (const auto scheme : {Url::Scheme::kHttp, Url::Scheme::kHttps, Url::Scheme::kWs, Url::Scheme::kWss}) {
    if (ascii::iequals(text, to_string(scheme))) return scheme;
  }
  return std::nullopt;
}

bool is_name(std::string_view host) noexcept {
  return !host.empty() && host.size() <= kLongestName && host.front() != '.' && host.back() != '.' &&
         !host.contains("..") &&
         std::ranges::all_of(host, [](char c) { return ascii::is_alnum(c) || c == '-' || c == '.' || c == '_'; });
}

/// Resolvers take such names for addresses, each in its own way (RFC 3986 §7.4).
bool ends_in_number(std::string_view host) noexcept {
  const std::string_view label = host.substr(host.rfind('.') + 1);
  const bool hex = label.size() >= 2 && label[0] == '0' && ascii::to_lower(label[1]) == 'x';
  return hex || (!label.empty() && std::ranges::all_of(label, ascii::is_digit));
}

/// For messages: without a user's password.
std::string shown(std::string_view text) {
  const std::size_t at = text.substr(0, text.find_first_of("?#")).rfind('@');
  return at == std::string_view::npos ? quote(text) : quote("..." + std::string(text.substr(at)));
}

}  // namespace

std::string_view to_string(Url::Scheme scheme) noexcept {
  switch (scheme) {
    case Url::Scheme::kHttp: return "http";
    case Url::Scheme::kHttps: return "https";
    case Url::Scheme::kWs: return "ws";
    case Url::Scheme::kWss: return "wss";
  }
  return {};
}

Url Url::parse(std::string_view text) {
  auto url = read(text);
  if (!url) throw UrlParseError(shown(text) + " is no URL that can be asked: " + url.error());
  return *std::move(url);
}

std::optional<Url> Url::try_parse(std::string_view text) {
  auto url = read(text);
  return url ? std::optional(*std::move(url)) : std::nullopt;
}

std::expected<Url, const char*> Url::read(std::string_view text) {
  constexpr std::string_view kMark = "://";
  const std::size_t mark = text.find(kMark);
  const auto scheme = scheme_of(text.substr(0, mark));
  if (mark == std::string_view::npos || !scheme)
    return std::unexpected("it begins with http, https, ws or wss and ://");
  Url url;
  url.scheme_ = *scheme;
  text.remove_prefix(mark + kMark.size());
  const std::size_t end = std::min(text.find_first_of("/?#"), text.size());
  if (const char* wrong = url.read_authority(text.substr(0, end))) return std::unexpected(wrong);
  if (const char* wrong = url.read_target(text.substr(end))) return std::unexpected(wrong);
  return url;
}

const char* Url::read_authority(std::string_view text) {
  if (text.contains('@')) return "a user and password do not belong into it; send an Authorization field";
  const bool bracketed = text.starts_with('[');
  const std::size_t behind = bracketed ? text.find(']') + 1 : text.find(':');
  if (bracketed && behind == 0) return "the bracket before the address is not closed";
  const std::string_view host = text.substr(0, behind);
  const std::string_view rest = text.substr(host.size());
  port_ = default_port(scheme_);
  if (!rest.empty() && rest.front() != ':') return "what follows the address is neither a port nor a path";
  if (rest.size() > 1) {  // RFC 3986 §3.2.3: the digits may be missing
    const auto port = parse_decimal<std::uint16_t>(rest.substr(1));
    if (!port || *port == 0) return "the port is a number from 1 to 65535";
    port_ = *port;
  }
  return read_host(bracketed ? host.substr(1, host.size() - 2) : host, bracketed);
}

const char* Url::read_host(std::string_view text, bool bracketed) {
  const auto address = net::IpAddr::try_parse(text);
  if (bracketed || address) {
    if (!address || address->is_v6() != bracketed) return "an IPv6 address, and no other, stands in brackets";
    host_ = address->to_string();
    return nullptr;
  }
  if (text.ends_with('.')) text.remove_suffix(1);  // the root, which certificates do not write
  if (!is_name(text)) return "the host is no name and no address (a name of another script is written as xn--...)";
  if (ends_in_number(text)) return "the host is no name, and not an address either: that has four numbers up to 255";
  host_ = text;
  std::ranges::transform(host_, host_.begin(), ascii::to_lower);
  return nullptr;
}

const char* Url::read_target(std::string_view text) {
  const std::size_t fragment = text.find('#');
  const bool websocket = scheme_ == Scheme::kWs || scheme_ == Scheme::kWss;
  if (fragment != std::string_view::npos && websocket) return "a WebSocket has no fragment; write %23 for '#'";
  text = text.substr(0, fragment);
  if (!std::ranges::all_of(text, [](char c) { return detail::contains(detail::ByteSet::kTarget, c); }))
    return "a blank, a control, a quote or a byte that is not ASCII has to be written as %XX";
  target_ = text.starts_with('/') ? "" : "/";
  target_ += text;
  return nullptr;
}

std::string Url::authority() const {
  const bool v6 = host_.contains(':');
  std::string all = v6 ? "[" + host_ + "]" : host_;
  if (port_ != default_port(scheme_)) all += ":" + std::to_string(port_);
  return all;
}

std::string Url::to_string() const { return std::string(http::to_string(scheme_)) + "://" + authority() + target_; }

}  // namespace flare::http
