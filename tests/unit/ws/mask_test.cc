#include "flare/ws/mask.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace flare::ws {
namespace {

constexpr std::array<char, 4> kBytes = {'\x37', '\xFA', '\x21', '\x3D'};

/// RFC 6455 §5.3, as it is written there.
std::string reference(std::string text, std::array<char, 4> key) {
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(text[i] ^ key[i % 4]);
  return text;
}

std::string some_text(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 131 + i / 256 + 7);
  return text;
}

std::vector<Simd> available() {
  std::vector<Simd> all;
  for (const Simd simd : {Simd::kPortable, Simd::kSse, Simd::kAvx2, Simd::kAvx512}) {
    if (simd <= best_simd()) all.push_back(simd);
  }
  return all;
}

TEST(Mask, EveryLengthAndAlignmentIsAsByteByByte) {
  constexpr std::size_t kLongest = 300;
  const std::string text = some_text(kLongest);
  const std::string masked = reference(text, kBytes);
  struct alignas(64) Memory {
    char bytes[64 + kLongest + 64];
  };
  const auto memory = std::make_unique<Memory>();
  for (const Simd simd : available()) {
    for (std::size_t alignment = 0; alignment < 64; ++alignment) {
      for (std::size_t length = 0; length <= kLongest; ++length) {
        std::fill(std::begin(memory->bytes), std::end(memory->bytes), '\x55');
        char* const begin = memory->bytes + alignment;
        std::copy_n(text.data(), length, begin);
        const MaskingKey next = apply_mask({begin, length}, MaskingKey(kBytes), simd);
        ASSERT_EQ(std::string_view(begin, length), std::string_view(masked).substr(0, length))
            << static_cast<int>(simd) << ' ' << alignment << ' ' << length;
        ASSERT_EQ(next, MaskingKey(kBytes).after(length));
        for (const char* p = memory->bytes; p != std::end(memory->bytes); ++p) {
          if (p < begin || p >= begin + length) {
            ASSERT_EQ(*p, '\x55') << "a byte beside the span";
          }
        }
      }
    }
  }
}

TEST(Mask, PiecesOfAnySizeAreAsTheWhole) {
  const std::string text = some_text(1000);
  for (const std::size_t step : {1U, 2U, 3U, 5U, 7U, 63U, 64U, 65U, 129U}) {
    std::string pieces = text;
    MaskingKey key(kBytes);
    for (std::size_t at = 0; at < pieces.size(); at += step)
      key = apply_mask({pieces.data() + at, std::min(step, pieces.size() - at)}, key);
    EXPECT_EQ(pieces, reference(text, kBytes)) << step;
  }
}

TEST(Mask, LargeBuffersAreAsByteByByte) {
  const std::string text = some_text((1U << 20) + 13);
  for (const Simd simd : available()) {
    std::string masked = text;
    apply_mask({masked.data() + 1, masked.size() - 1}, MaskingKey(kBytes), simd);
    EXPECT_TRUE(masked == text.substr(0, 1) + reference(text.substr(1), kBytes)) << static_cast<int>(simd);
  }
}

TEST(Mask, ExampleOfTheRfc) {  // RFC 6455 §5.7
  std::string hello = "Hello";
  apply_mask(hello, MaskingKey(kBytes));
  EXPECT_EQ(hello, "\x7F\x9F\x4D\x51\x58");
}

TEST(MaskingKey, StepsThroughItsBytes) {
  const MaskingKey key = MaskingKey::load("abcd");
  EXPECT_EQ(key, MaskingKey({'a', 'b', 'c', 'd'}));
  EXPECT_EQ(key.after(1), MaskingKey({'b', 'c', 'd', 'a'}));
  EXPECT_EQ(key.after(4), key);
  EXPECT_EQ(key.after(3).after(6), key.after(9));
  EXPECT_EQ(key.bytes(), (std::array{'a', 'b', 'c', 'd'}));
}

}  // namespace
}  // namespace flare::ws
