// UTF-8 (RFC 3629): byte by byte, and many at a time.
#pragma once

#include <cstdint>
#include <string_view>

#include "flare/base/simd.h"

namespace flare {

/// The text is UTF-8 and ends with a whole character. With the widest vectors this machine has.
bool is_utf8(std::string_view text) noexcept;
/// The same with the given instructions, which this machine must have (best_simd). For tests and benchmarks.
bool is_utf8(std::string_view text, Simd simd) noexcept;

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
  /// A piece of any size, vectors at a time. False as soon as it has a byte that no text goes on with; this object is
  /// of no use then.
  bool take(std::string_view piece) noexcept;
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

}  // namespace flare
