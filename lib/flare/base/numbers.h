// Numbers as protocols write them: digits only. No sign, no space, no locale, no overflow.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "flare/base/ascii.h"

namespace flare {

/// 1*DIGIT that fits T (leading zeros are digits too); nullopt for anything else, "" included.
template <std::unsigned_integral T>
constexpr std::optional<T> parse_decimal(std::string_view text) noexcept {
  constexpr std::uint64_t kMax = std::numeric_limits<T>::max();
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (char c : text) {
    if (!ascii::is_digit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (kMax - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return static_cast<T>(value);
}

/// 1*HEXDIG of either case that fits T, without prefix; nullopt for anything else, "" included.
template <std::unsigned_integral T>
constexpr std::optional<T> parse_hex(std::string_view text) noexcept {
  constexpr std::uint64_t kMax = std::numeric_limits<T>::max();
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (char c : text) {
    const int digit = ascii::hex_value(c);
    if (digit < 0 || value > (kMax >> 4)) return std::nullopt;
    value = (value << 4) | static_cast<std::uint64_t>(digit);
  }
  return static_cast<T>(value);
}

/// The most digits append_decimal writes.
inline constexpr std::size_t kMaxDecimalDigits = 20;

namespace detail {
/// "000102...99".
inline constexpr std::array<char, 200> kDigitPairs = [] {
  std::array<char, 200> pairs{};
  for (std::size_t i = 0; i < 100; ++i) {
    pairs[i * 2] = static_cast<char>('0' + i / 10);
    pairs[i * 2 + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

constexpr std::size_t decimal_digits(std::uint64_t value) noexcept {
  std::size_t digits = 1;
  for (; value >= 10; value /= 10) ++digits;
  return digits;
}
}  // namespace detail

/// Writes `value` at `out`, which has room for kMaxDecimalDigits bytes, without a NUL; the end of what was written.
constexpr char* append_decimal(char* out, std::uint64_t value) noexcept {
  char* const end = out + detail::decimal_digits(value);
  char* at = end;
  for (; value >= 100; value /= 100) {
    const std::size_t pair = value % 100 * 2;
    *--at = detail::kDigitPairs[pair + 1];
    *--at = detail::kDigitPairs[pair];
  }
  if (value >= 10) {
    *--at = detail::kDigitPairs[value * 2 + 1];
    *--at = detail::kDigitPairs[value * 2];
  } else {
    *--at = static_cast<char>('0' + value);
  }
  return end;
}

}  // namespace flare
