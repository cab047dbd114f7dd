// Masking of WebSocket payload (RFC 6455 §5.3): XOR with a key of four bytes, repeated.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "flare/base/simd.h"

namespace flare::ws {

/// Four bytes in the order of the wire. A value.
class MaskingKey {
 public:
  constexpr MaskingKey() noexcept = default;
  /// `bytes` as they stand in the frame.
  explicit constexpr MaskingKey(std::array<char, 4> bytes) noexcept : word_(std::bit_cast<std::uint32_t>(bytes)) {}
  static MaskingKey load(const char* bytes) noexcept {
    MaskingKey key;
    std::memcpy(&key.word_, bytes, sizeof key.word_);
    return key;
  }

  /// The key for what follows `count` bytes that were masked with this one.
  [[nodiscard]] constexpr MaskingKey after(std::size_t count) const noexcept {
    MaskingKey key;
    key.word_ = std::rotr(word_, static_cast<int>(count % 4 * 8));
    return key;
  }
  [[nodiscard]] constexpr std::array<char, 4> bytes() const noexcept {
    return std::bit_cast<std::array<char, 4>>(word_);
  }
  /// The bytes in the order of memory, as a number.
  [[nodiscard]] constexpr std::uint32_t word() const noexcept { return word_; }

  friend bool operator==(MaskingKey, MaskingKey) = default;

 private:
  static_assert(std::endian::native == std::endian::little, "rotr is the step to the next byte");
  std::uint32_t word_ = 0;
};

/// Masks or unmasks `bytes` in place, of any length and alignment, with the widest vectors this machine has. Gives the
/// key for what follows them. Threads: any.
MaskingKey apply_mask(std::span<char> bytes, MaskingKey key) noexcept;

/// The same with the given instructions, which this machine must have (best_simd). For tests and benchmarks.
MaskingKey apply_mask(std::span<char> bytes, MaskingKey key, Simd simd) noexcept;

}  // namespace flare::ws
