#include "flare/http/path.h"

#include <algorithm>
#include <array>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "flare/base/ascii.h"
#include "flare/base/numbers.h"
#include "flare/base/utf8.h"
#include "flare/net/ip_addr.h"

namespace flare::http {
namespace {

constexpr bool is_unreserved(char c) noexcept {  // RFC 3986 §2.3
  return ascii::is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}
constexpr bool is_sub_delim(char c) noexcept {  // RFC 3986 §2.2
  return std::string_view("!$&'()*+,;=").contains(c);
}
/// Stands for itself in a canonical path, wherever it stands.
constexpr bool is_plain(char c) noexcept {
  return c > ' ' && c < '\x7F' && c != '%' && c != '\\' && c != '?' && c != '#';
}

constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = is_plain(static_cast<char>(i));
  return table;
}();

/// Whether byte i needs a closer look: not plain, or the second of "//" or "/.". `before` is the byte in front of it.
bool is_suspect(char before, char c) noexcept {
  return !kPlain[static_cast<unsigned char>(c)] || (before == '/' && (c == '/' || c == '.'));
}

bool any_suspect_scalar(std::string_view raw) noexcept {
  char before = '\0';
  for (char c : raw) {
    if (is_suspect(before, c)) return true;
    before = c;
  }
  return false;
}

#if defined(__SSE2__)
/// The same for 16 bytes; `after_slash`: the byte in front of them is a slash. `pairs`: the lanes whose left neighbour
/// is the byte in front of them.
bool any_suspect_block(__m128i bytes, bool after_slash, std::uint32_t pairs = 0xFFFF) noexcept {
  const auto is = [bytes](char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
  const auto mask = [](__m128i lanes) { return static_cast<std::uint32_t>(_mm_movemask_epi8(lanes)); };
  const __m128i visible = _mm_cmpgt_epi8(bytes, _mm_set1_epi8(' '));  // signed: bytes from 0x80 are not
  const __m128i special = _mm_or_si128(_mm_or_si128(is('%'), is('\\')), _mm_or_si128(is('?'), is('#')));
  const __m128i plain = _mm_andnot_si128(_mm_or_si128(special, is('\x7F')), visible);
  const std::uint32_t slashes = mask(is('/'));
  const std::uint32_t behind_slash = (slashes << 1) | static_cast<std::uint32_t>(after_slash);
  return mask(plain) != 0xFFFF || (behind_slash & (slashes | mask(is('.'))) & pairs) != 0;
}

__m128i load_block(const char* at) noexcept { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); }

/// 8 to 16 bytes as two halves that overlap: every pair of neighbours stands in one of them.
bool any_suspect_halves(std::string_view raw) noexcept {
  const auto half = [](const char* at) { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(at)); };
  constexpr std::uint32_t kButTheSeam = 0xFEFF;
  return any_suspect_block(_mm_unpacklo_epi64(half(raw.data()), half(raw.data() + raw.size() - 8)), false, kButTheSeam);
}

bool any_suspect(std::string_view raw) noexcept {
  constexpr std::size_t kBlock = 16;
  if (raw.size() < kBlock / 2) return any_suspect_scalar(raw);
  if (raw.size() < kBlock) return any_suspect_halves(raw);
  const std::size_t last = raw.size() - kBlock;  // the last block may overlap the one before
  for (std::size_t at = 0; at < last; at += kBlock) {
    if (any_suspect_block(load_block(raw.data() + at), at > 0 && raw[at - 1] == '/')) return true;
  }
  return any_suspect_block(load_block(raw.data() + last), last > 0 && raw[last - 1] == '/');
}
#else
bool any_suspect(std::string_view raw) noexcept { return any_suspect_scalar(raw); }
#endif

void append_triplet(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789ABCDEF";  // upper case, RFC 3986 §6.2.2.1
  const auto byte = static_cast<unsigned char>(c);
  const std::array<char, 3> triplet = {'%', kHex[byte >> 4], kHex[byte & 0xF]};
  out.append(triplet.data(), triplet.size());
}

/// The byte of the triplet that `text` begins with (its '%' included).
std::optional<char> decode_triplet(std::string_view text) noexcept {
  if (text.size() < 3) return std::nullopt;
  const int high = ascii::hex_value(text[1]);
  const int low = ascii::hex_value(text[2]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high * 16 + low);
}

bool ends_in_dot_segment(std::string_view path) noexcept { return path.ends_with("/.") || path.ends_with("/.."); }

std::expected<void, Reason> rewrite(std::string_view raw, std::string& out, Utf8Policy policy) {
  out.clear();
  out.reserve(raw.size());
  Utf8Checker text;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i];
    if (c == '/') {
      if (!text.is_complete() && policy == Utf8Policy::kStrict) return std::unexpected(Reason::kBadUtf8);
      if (ends_in_dot_segment(out)) return std::unexpected(Reason::kDotSegment);
      if (!out.ends_with('/')) out += c;
      continue;
    }
    const bool encoded = c == '%';
    if (encoded) {
      const auto byte = decode_triplet(raw.substr(i));
      if (!byte) return std::unexpected(Reason::kBadEscape);  // RFC 3986 §2.1
      c = *byte;
      i += 2;
    }
    if (ascii::is_control(c)) return std::unexpected(Reason::kBadEscape);  // H-22
    if (policy == Utf8Policy::kStrict && !text.take(c)) return std::unexpected(Reason::kBadUtf8);
    if (encoded ? is_unreserved(c) : is_plain(c)) {
      out += c;
    } else {
      append_triplet(out, c);
    }
  }
  if (!text.is_complete()) return std::unexpected(Reason::kBadUtf8);
  if (ends_in_dot_segment(out)) return std::unexpected(Reason::kDotSegment);
  return {};
}

/// An authority's host and what follows it: "" or ":port" in a valid one.
struct SplitAuthority {
  std::string_view host, rest;
};

SplitAuthority split_authority(std::string_view authority) noexcept {
  std::size_t end = authority.size();
  if (authority.starts_with('[')) {
    if (const std::size_t bracket = authority.find(']'); bracket != std::string_view::npos) end = bracket + 1;
  } else {
    end = std::min(end, authority.find(':'));
  }
  return {authority.substr(0, end), authority.substr(end)};
}

bool is_reg_name(std::string_view host) noexcept {  // RFC 3986 §3.2.2; IPv4 addresses are among them
  for (std::size_t i = 0; i < host.size(); ++i) {
    if (host[i] == '%') {
      if (!decode_triplet(host.substr(i))) return false;
      i += 2;
    } else if (!is_unreserved(host[i]) && !is_sub_delim(host[i])) {
      return false;
    }
  }
  return !host.empty();  // RFC 9110 §4.2.1: http has no empty host
}

bool is_ipv6_literal(std::string_view host) noexcept {
  if (!host.starts_with('[') || !host.ends_with(']')) return false;
  const auto ip = net::IpAddr::try_parse(host.substr(1, host.size() - 2));
  return ip && ip->is_v6();
}

}  // namespace

std::expected<std::string_view, Reason> canonical_path(std::string_view raw, std::string& scratch, Utf8Policy utf8) {
  if (!raw.starts_with('/')) return std::unexpected(Reason::kBadTarget);
  if (!any_suspect(raw)) return raw;
  if (const auto done = rewrite(raw, scratch, utf8); !done) return std::unexpected(done.error());
  return scratch == raw ? raw : std::string_view(scratch);
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto byte = decode_triplet(text.substr(i));
    if (!byte) return std::nullopt;
    out += *byte;
    i += 2;
  }
  return out;
}

void append_percent_encoded(std::string& out, std::string_view text) {
  for (char c : text) {
    if (is_unreserved(c) || c == '/') {
      out += c;
    } else {
      append_triplet(out, c);
    }
  }
}

std::string_view normalize_host(std::string_view authority, std::string& scratch) {
  std::string_view host = split_authority(authority).host;
  if (host.size() > 1 && host.ends_with('.')) host.remove_suffix(1);
  if (std::ranges::none_of(host, ascii::is_upper)) return host;
  scratch.resize(host.size());
  std::ranges::transform(host, scratch.begin(), ascii::to_lower);
  return scratch;
}

bool is_valid_authority(std::string_view authority) noexcept {
  const auto [host, rest] = split_authority(authority);
  if (!is_reg_name(host) && !is_ipv6_literal(host)) return false;
  if (rest.empty() || rest == ":") return true;  // RFC 3986 §3.2.3: the port may be empty
  return rest.starts_with(':') && parse_decimal<std::uint16_t>(rest.substr(1)).has_value();
}

}  // namespace flare::http
