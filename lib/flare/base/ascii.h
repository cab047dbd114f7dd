// ASCII text, the only text protocols have: case, trimming, character classes. Locale plays no part.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace flare::ascii {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
constexpr char to_lower(char c) noexcept { return is_upper(c) ? static_cast<char>(c | 0x20) : c; }
constexpr bool is_alpha(char c) noexcept { return to_lower(c) >= 'a' && to_lower(c) <= 'z'; }
constexpr bool is_alnum(char c) noexcept { return is_alpha(c) || is_digit(c); }
/// C0 controls and DEL.
constexpr bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

/// The value of a hex digit, -1 where `c` is none.
constexpr int hex_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// tchar, RFC 9110 §5.6.2.
inline constexpr std::array<bool, 256> kTokenChar = [] {
  std::array<bool, 256> table{};
  for (char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  for (int c = 0; c < 128; ++c) {
    if (is_alnum(static_cast<char>(c))) table[static_cast<std::size_t>(c)] = true;
  }
  return table;
}();
constexpr bool is_token_char(char c) noexcept { return kTokenChar[static_cast<unsigned char>(c)]; }
constexpr bool is_token(std::string_view text) noexcept {
  for (char c : text) {
    if (!is_token_char(c)) return false;
  }
  return !text.empty();
}

constexpr bool iequals(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

/// Without leading and trailing SP and HTAB (OWS, RFC 9110 §5.6.3).
constexpr std::string_view trim(std::string_view text) noexcept {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace flare::ascii
