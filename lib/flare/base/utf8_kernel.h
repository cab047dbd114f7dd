// UTF-8 validation with vectors: Keiser and Lemire, "Validating UTF-8 In Less Than One Instruction Per Byte" (2021).
// Internal to the utf8_*.cc files, each of which is compiled for one instruction set: no function here is shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace flare::detail {
namespace {

// What may be wrong with two bytes in a row. A bit is set in all three lookups where it is.
constexpr std::uint8_t kTooShort = 1;        // 11______ 0_______ or 11______ 11______
constexpr std::uint8_t kTooLong = 2;         // 0_______ 10______
constexpr std::uint8_t kOverlong3 = 4;       // 11100000 100_____
constexpr std::uint8_t kTooLarge = 8;        // 11110100 1001____, 11110100 101_____, 11110101 and above
constexpr std::uint8_t kSurrogate = 16;      // 11101101 101_____
constexpr std::uint8_t kOverlong2 = 32;      // 1100000_ 10______
constexpr std::uint8_t kTooLarge1000 = 64;   // 11110101 1000____ and above
constexpr std::uint8_t kOverlong4 = 64;      // 11110000 1000____
constexpr std::uint8_t kTwoContinued = 128;  // 10______ 10______: right where a character of three or four goes on
constexpr std::uint8_t kCarry = kTooShort | kTooLong | kTwoContinued;

constexpr std::uint8_t kFirstHigh[16] = {kTooLong,
                                         kTooLong,
                                         kTooLong,
                                         kTooLong,
                                         kTooLong,
                                         kTooLong,
                                         kTooLong,
                                         kTooLong,
                                         kTwoContinued,
                                         kTwoContinued,
                                         kTwoContinued,
                                         kTwoContinued,
                                         kTooShort | kOverlong2,
                                         kTooShort,
                                         kTooShort | kOverlong3 | kSurrogate,
                                         kTooShort | kTooLarge | kTooLarge1000 | kOverlong4};
constexpr std::uint8_t kFirstLow[16] = {kCarry | kOverlong3 | kOverlong2 | kOverlong4,
                                        kCarry | kOverlong2,
                                        kCarry,
                                        kCarry,
                                        kCarry | kTooLarge,
                                        kCarry | kTooLarge | kTooLarge1000,
                                        kCarry | kTooLarge | kTooLarge1000,
                                        kCarry | kTooLarge | kTooLarge1000,
                                        kCarry | kTooLarge | kTooLarge1000,
                                        kCarry | kTooLarge | kTooLarge1000,
                                        kCarry | kTooLarge | kTooLarge1000,
                                        kCarry | kTooLarge | kTooLarge1000,
                                        kCarry | kTooLarge | kTooLarge1000,
                                        kCarry | kTooLarge | kTooLarge1000 | kSurrogate,
                                        kCarry | kTooLarge | kTooLarge1000,
                                        kCarry | kTooLarge | kTooLarge1000};
constexpr std::uint8_t kSecondHigh[16] = {
    kTooShort,
    kTooShort,
    kTooShort,
    kTooShort,
    kTooShort,
    kTooShort,
    kTooShort,
    kTooShort,
    kTooLong | kOverlong2 | kTwoContinued | kOverlong3 | kTooLarge1000 | kOverlong4,
    kTooLong | kOverlong2 | kTwoContinued | kOverlong3 | kTooLarge,
    kTooLong | kOverlong2 | kTwoContinued | kSurrogate | kTooLarge,
    kTooLong | kOverlong2 | kTwoContinued | kSurrogate | kTooLarge,
    kTooShort,
    kTooShort,
    kTooShort,
    kTooShort};

/// `V` is a vector of kBytes bytes and its operations. What stands at the end of a block is in `before` for the next.
template <class V>
struct Utf8Blocks {
  V error = V::zero();
  V before = V::zero();

  /// Where a block ends within a character, its last bytes say so here.
  static V incomplete(V block) {
    alignas(64) std::uint8_t most[V::kBytes];
    std::memset(most, 0xFF, sizeof most);
    most[V::kBytes - 3] = 0xEF;
    most[V::kBytes - 2] = 0xDF;
    most[V::kBytes - 1] = 0xBF;
    return block.minus_saturated(V::load(reinterpret_cast<const char*>(most)));
  }

  void take(V block) {
    const V one_back = block.template shifted_in<1>(before);
    const V special = V::lookup(kFirstHigh, one_back.high_nibbles()) & V::lookup(kFirstLow, one_back.low_nibbles()) &
                      V::lookup(kSecondHigh, block.high_nibbles());
    // The third byte of three and four, and the fourth of four, have to be continuations; others must not be.
    const V third = block.template shifted_in<2>(before).minus_saturated(V::all(0xE0 - 0x80));
    const V fourth = block.template shifted_in<3>(before).minus_saturated(V::all(0xF0 - 0x80));
    const V must_continue = (third | fourth) & V::all(0x80);
    error = error | (must_continue ^ special);
    before = block;
  }
};

/// All of it, with nothing open at the end.
template <class V>
bool validate_utf8(const char* p, std::size_t size) {
  constexpr std::size_t kRound = 4 * V::kBytes;
  Utf8Blocks<V> blocks;
  V open = V::zero();
  for (; size >= kRound; p += kRound, size -= kRound) {
    const V a = V::load(p);
    const V b = V::load(p + V::kBytes);
    const V c = V::load(p + 2 * V::kBytes);
    const V d = V::load(p + 3 * V::kBytes);
    if (!((a | b) | (c | d)).has_top_bits()) [[likely]] {
      blocks.error = blocks.error | open;
      open = blocks.before = V::zero();
      continue;
    }
    blocks.take(a);
    blocks.take(b);
    blocks.take(c);
    blocks.take(d);
    open = Utf8Blocks<V>::incomplete(d);
    if (blocks.error.is_not_zero()) return false;
  }
  for (; size != 0;) {
    const std::size_t count = size < V::kBytes ? size : V::kBytes;
    const V block = count == V::kBytes ? V::load(p) : V::load_some(p, count);
    if (block.has_top_bits()) {
      blocks.take(block);
      open = Utf8Blocks<V>::incomplete(block);
    } else {
      blocks.error = blocks.error | open;
      open = blocks.before = V::zero();
    }
    p += count;
    size -= count;
  }
  return !(blocks.error | open).is_not_zero();
}

}  // namespace

bool is_utf8_sse(const char* p, std::size_t size) noexcept;
bool is_utf8_avx2(const char* p, std::size_t size) noexcept;
bool is_utf8_avx512(const char* p, std::size_t size) noexcept;

}  // namespace flare::detail
