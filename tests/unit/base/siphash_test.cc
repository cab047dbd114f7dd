#include "flare/base/siphash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <string>

namespace flare {
namespace {

constexpr SipKey kReference{.low = 0x0706050403020100, .high = 0x0f0e0d0c0b0a0908};

// What the reference implementation prints, and `openssl mac SIPHASH`.
TEST(SipHash, AgreesWithTheReference) {
  struct Case {
    std::size_t size;
    std::uint64_t first, second;  ///< of the result's 16 bytes, big-endian
  };
  std::string input;
  for (char c = 0; c < 16; ++c) input.push_back(c);
  for (const auto& [size, first, second] : {
           Case{0, 0xA3817F04BA25A8E6, 0x6DF67214C7550293},
           Case{1, 0xDA87C1D86B99AF44, 0x347659119B22FC45},
           Case{7, 0xA1F1EBBED8DBC153, 0xC0B84AA61FF08239},
           Case{8, 0x3B62A9BA6258F561, 0x0F83E264F31497B4},
           Case{15, 0x5493E99933B0A811, 0x7E08EC0F97CFC3D9},
       }) {
    const Hash128 hash = siphash(kReference, std::string_view(input).substr(0, size));
    EXPECT_EQ(std::byteswap(hash.low), first) << size;
    EXPECT_EQ(std::byteswap(hash.high), second) << size;
  }
}

TEST(SipHash, DependsOnEveryBitOfItsKey) {
  const Hash128 usual = siphash(kReference, "a");
  for (int bit = 0; bit < 64; ++bit) {
    const std::uint64_t flip = std::uint64_t{1} << bit;
    EXPECT_NE(siphash({.low = kReference.low ^ flip, .high = kReference.high}, "a"), usual);
    EXPECT_NE(siphash({.low = kReference.low, .high = kReference.high ^ flip}, "a"), usual);
  }
}

TEST(SipHash, RandomKeysDiffer) {
  const SipKey one = SipKey::random();
  const SipKey other = SipKey::random();
  EXPECT_TRUE(one.low != other.low && one.high != other.high);
}

}  // namespace
}  // namespace flare
