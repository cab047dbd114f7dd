#include "flare/base/numbers.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace flare {
namespace {

constexpr std::uint64_t kMax = UINT64_MAX;

static_assert(parse_decimal<std::uint64_t>("18446744073709551615") == kMax, "usable at compile time");

TEST(Numbers, ParsesDecimalDigits) {
  struct Case {
    std::string_view text;
    std::uint64_t value;
  };
  for (const auto& [text, value] : {Case{"0", 0}, Case{"7", 7}, Case{"007", 7}, Case{"4294967296", 4294967296},
                                    Case{"18446744073709551615", kMax}, Case{"00000000000000000000000001", 1}}) {
    EXPECT_EQ(parse_decimal<std::uint64_t>(text), value) << text;
  }
}

TEST(Numbers, RefusesWhatIsNotAllDecimalDigits) {
  for (const std::string_view text : {"", "+5", "-5", " 5", "5 ", "5,5", "0x5", "5.", "a", "5a", "\t", "\xB2"}) {
    EXPECT_FALSE(parse_decimal<std::uint64_t>(text)) << text;
  }
  EXPECT_FALSE(parse_decimal<std::uint64_t>(std::string_view("5\0", 2)));
}

TEST(Numbers, RefusesDecimalsThatDoNotFitTheType) {
  EXPECT_FALSE(parse_decimal<std::uint64_t>("18446744073709551616"));
  EXPECT_FALSE(parse_decimal<std::uint64_t>("18446744073709551620"));
  EXPECT_FALSE(parse_decimal<std::uint64_t>("99999999999999999999999999999999"));
  EXPECT_EQ(parse_decimal<std::uint32_t>("4294967295"), 4294967295U);
  EXPECT_FALSE(parse_decimal<std::uint32_t>("4294967296"));
  EXPECT_EQ(parse_decimal<std::uint16_t>("65535"), std::uint16_t{65535});
  EXPECT_FALSE(parse_decimal<std::uint16_t>("65536"));
  EXPECT_EQ(parse_decimal<std::uint8_t>("255"), std::uint8_t{255});
  EXPECT_FALSE(parse_decimal<std::uint8_t>("256"));
}

TEST(Numbers, ParsesHexOfEitherCase) {
  EXPECT_EQ(parse_hex<std::uint64_t>("0"), 0U);
  EXPECT_EQ(parse_hex<std::uint64_t>("dEaDbEeF"), 0xDEADBEEFU);
  EXPECT_EQ(parse_hex<std::uint64_t>("FFFFFFFFFFFFFFFF"), kMax);
  EXPECT_EQ(parse_hex<std::uint64_t>("0000000000000000000001"), 1U);
  EXPECT_EQ(parse_hex<std::uint8_t>("fF"), std::uint8_t{255});
}

TEST(Numbers, RefusesBadOrTooLargeHex) {
  for (const std::string_view text : {"", "0x1", "g", "-1", "+1", " 1", "1 ", "10000000000000000"}) {
    EXPECT_FALSE(parse_hex<std::uint64_t>(text)) << text;
  }
  EXPECT_FALSE(parse_hex<std::uint8_t>("100"));
}

TEST(Numbers, WritesWhatItParses) {
  std::uint64_t power = 1;
  for (int digits = 1; digits <= 20; ++digits, power *= 10) {
    for (const std::uint64_t value : {power - 1, power, power + 1, power * 3 + 7, kMax / power}) {
      std::array<char, kMaxDecimalDigits + 1> text{};
      text.fill('#');
      const char* const end = append_decimal(text.data(), value);
      EXPECT_EQ(std::string_view(text.data(), end), std::to_string(value));
      EXPECT_EQ(*end, '#') << "nothing is written behind the number";
    }
  }
}

}  // namespace
}  // namespace flare
