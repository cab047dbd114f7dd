#include "server/config/host_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>

#include "flare/base/ascii.h"
#include "flare/net/ip_addr.h"

namespace flare::server::config {
namespace {

std::optional<std::u32string> decode_utf8(std::string_view text) {
  std::u32string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
    if (length == 0 || i + length > text.size()) return std::nullopt;
    char32_t point = length == 1 ? lead : lead & (0x7FU >> length);
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xC0U) != 0x80U) return std::nullopt;
      point = point << 6U | (next & 0x3FU);
    }
    out += point;
    i += length;
  }
  return out;
}

// The scripts that have case and are seen in host names; the rest has no case or is refused as it stands.
char32_t lower(char32_t c) {
  if (c < 0x80) return static_cast<char32_t>(ascii::to_lower(static_cast<char>(c)));
  if ((c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F))
    return c + 0x20;
  if (c >= 0x400 && c <= 0x40F) return c + 0x50;
  if (c >= 0x100 && c <= 0x137 && c % 2 == 0) return c + 1;
  return c;
}

// RFC 3492 §6.1.
std::uint32_t adapt(std::uint32_t delta, std::uint32_t points, bool first) {
  delta = first ? delta / 700 : delta / 2;
  delta += delta / points;
  std::uint32_t k = 0;
  for (; delta > 455; k += 36) delta /= 35;
  return k + 36 * delta / (delta + 38);
}

// RFC 3492 §6.3 for one label; labels are at most 63 octets, so nothing overflows.
std::string punycode(std::u32string_view label) {
  std::string out;
  for (const char32_t c : label) {
    if (c < 0x80) out += static_cast<char>(c);
  }
  const auto basic = static_cast<std::uint32_t>(out.size());
  if (basic != 0) out += '-';
  std::uint32_t n = 128, delta = 0, bias = 72;
  for (std::uint32_t done = basic; done < label.size();) {
    char32_t next = std::numeric_limits<char32_t>::max();
    for (const char32_t c : label) next = c >= n && c < next ? c : next;
    delta += (next - n) * (done + 1);
    n = next;
    for (const char32_t c : label) {
      if (c < n) ++delta;
      if (c != n) continue;
      std::uint32_t q = delta;
      for (std::uint32_t k = 36;; k += 36) {
        const std::uint32_t t = k <= bias ? 1 : std::min<std::uint32_t>(k - bias, 26);
        if (q < t) break;
        const std::uint32_t digit = t + (q - t) % (36 - t);
        out += static_cast<char>(digit < 26 ? 'a' + digit : '0' + digit - 26);
        q = (q - t) / (36 - t);
      }
      out += static_cast<char>(q < 26 ? 'a' + q : '0' + q - 26);
      bias = adapt(delta, done + 1, done == basic);
      delta = 0;
      ++done;
    }
    ++delta;
    ++n;
  }
  return out;
}

std::expected<std::string, std::string> a_label(std::string_view label) {
  constexpr std::size_t kLongestLabel = 63;
  const auto points = decode_utf8(label);
  if (!points || label.size() > 4 * kLongestLabel) return std::unexpected("is not a host name");
  std::u32string folded;
  std::ranges::transform(*points, std::back_inserter(folded), lower);
  std::string text;
  if (std::ranges::all_of(folded, [](char32_t c) { return c < 0x80; })) {
    text.assign(folded.begin(), folded.end());
  } else {
    const auto combining = [](char32_t c) { return (c >= 0x300 && c <= 0x36F) || (c >= 0x80 && c < 0xC0); };
    if (std::ranges::any_of(folded, combining)) return std::unexpected("is not in composed form: write its xn-- form");
    text = "xn--" + punycode(folded);
  }
  if (text.empty()) return std::unexpected("has an empty label");
  if (text.size() > kLongestLabel) return std::unexpected("has a label of more than 63 characters");
  const auto allowed = [](char c) { return ascii::is_alnum(c) || c == '-' || c == '_'; };
  if (!std::ranges::all_of(text, allowed)) return std::unexpected("is not a host name");
  if (text.starts_with('-') || text.ends_with('-')) return std::unexpected("has a label that begins or ends with -");
  return text;
}

}  // namespace

std::expected<std::string, std::string> normalize_host_name(std::string_view name) {
  constexpr std::size_t kLongestName = 253;
  if (name == "_") return std::string(name);
  if (name.starts_with('[') && name.ends_with(']')) {
    const auto ip = net::IpAddr::try_parse(name.substr(1, name.size() - 2));
    if (!ip || !ip->is_v6()) return std::unexpected("is not an IPv6 address");
    return fmt::format("[{}]", ip->to_string());
  }
  std::string out;
  if (name.starts_with("*.")) {
    out = "*.";
    name.remove_prefix(2);
  }
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.contains('*')) return std::unexpected("may have \"*\" only as its whole first label");
  for (bool more = true; more;) {
    const std::size_t dot = name.find('.');
    auto label = a_label(name.substr(0, dot));
    if (!label) return std::unexpected(std::move(label.error()));
    out += *label;
    more = dot != std::string_view::npos;
    if (more) {
      out += '.';
      name.remove_prefix(dot + 1);
    }
  }
  if (out.size() > kLongestName) return std::unexpected("is longer than 253 characters");
  return out;
}

}  // namespace flare::server::config
