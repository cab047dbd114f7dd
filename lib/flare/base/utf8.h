// UTF-8, byte by byte (RFC 3629).
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace flare {

/// Takes text in whatever pieces it comes. No over-long forms, no surrogates, nothing beyond U+10FFFF.
class Utf8Checker {
 public:
  /// False: no text goes on like this.
  constexpr bool take(char c) noexcept {
    const auto byte = static_cast<std::uint8_t>(c);
    if (left_ == 0) return begin(byte);
    if (byte < low_ || byte > high_) return false;
    low_ = 0x80;
    high_ = 0xBF;
    --left_;
    return true;
  }
  /// The text may end here.
  [[nodiscard]] constexpr bool is_complete() const noexcept { return left_ == 0; }

 private:
  constexpr bool begin(std::uint8_t byte) noexcept {
    if (byte < 0x80) return true;
    if (byte < 0xC2 || byte > 0xF4) return false;
    left_ = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : 1;
    low_ = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
    high_ = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
    return true;
  }

  std::uint8_t left_ = 0;  ///< bytes of the present character still to come
  std::uint8_t low_ = 0x80;
  std::uint8_t high_ = 0xBF;  ///< bounds of the next of them
};

constexpr bool is_utf8(std::string_view text) noexcept {
  Utf8Checker checker;
  return std::ranges::all_of(text, [&checker](char c) { return checker.take(c); }) && checker.is_complete();
}

}  // namespace flare
