#include "flare/base/utf8.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace flare {
namespace {

bool is_utf8_by_byte(std::string_view text) {
  Utf8Checker checker;
  for (const char c : text) {
    if (!checker.take(c)) return false;
  }
  return checker.is_complete();
}

/// RFC 3629 §3, as a table of code points.
std::string encode(std::uint32_t code) {
  const auto low = [](std::uint32_t bits) { return static_cast<char>(0x80 | (bits & 0x3F)); };
  if (code < 0x80) return {static_cast<char>(code)};
  if (code < 0x800) return {static_cast<char>(0xC0 | code >> 6), low(code)};
  if (code < 0x10000) return {static_cast<char>(0xE0 | code >> 12), low(code >> 6), low(code)};
  return {static_cast<char>(0xF0 | code >> 18), low(code >> 12), low(code >> 6), low(code)};
}

TEST(Utf8Checker, TakesEveryCodePointButSurrogates) {
  for (std::uint32_t code = 0; code <= 0x110000; ++code) {
    const bool valid = code < 0x110000 && (code < 0xD800 || code > 0xDFFF);
    ASSERT_EQ(is_utf8_by_byte(encode(code)), valid) << code;
  }
}

TEST(Utf8Checker, RefusesWhatIsNoCharacter) {
  for (const std::string_view text :
       {"\x80", "\xBF", "\xC0\xAF", "\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xF5\x80\x80\x80", "\xFF", "\xFE",
        "\xC3", "\xC3(", "\xE2\x82", "\xE2\x82/", "\xF0\x9F\x98", "a\xC3", "\xC3\xA9\x80"}) {
    EXPECT_FALSE(is_utf8_by_byte(text)) << text;
  }
  EXPECT_TRUE(is_utf8_by_byte("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"));
}

std::vector<Simd> available() {
  std::vector<Simd> all;
  for (const Simd simd : {Simd::kPortable, Simd::kSse, Simd::kAvx2, Simd::kAvx512}) {
    if (simd <= best_simd()) all.push_back(simd);
  }
  return all;
}

/// In the midst of ASCII, at every place of a vector and across its end; where the text ends, too.
void expect_everywhere(std::string_view piece, bool valid) {
  for (const Simd simd : available()) {
    for (std::size_t before = 0; before < 300; ++before) {
      const std::string text = std::string(before, 'a') + std::string(piece);
      ASSERT_EQ(is_utf8(text, simd), valid) << testing::PrintToString(text) << static_cast<int>(simd);
      ASSERT_EQ(is_utf8(text + std::string(before % 70, 'b'), simd), valid) << before << static_cast<int>(simd);
    }
  }
}

TEST(Utf8, VectorsTakeEveryCodePointButSurrogates) {
  std::vector<Simd> all = available();
  for (std::uint32_t code = 0; code <= 0x110000; ++code) {
    const bool valid = code < 0x110000 && (code < 0xD800 || code > 0xDFFF);
    const std::string text = std::string(code % 67, 'x') + encode(code);
    for (const Simd simd : all) ASSERT_EQ(is_utf8(text, simd), valid) << code << ' ' << static_cast<int>(simd);
  }
}

TEST(Utf8, VectorsSeeWhatIsNoCharacterWhereverItStands) {
  for (const std::string_view text : {"\x80", "\xBF", "\xC0\xAF", "\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF",
                                      "\xF5\x80\x80\x80", "\xFF", "\xFE", "\xC3", "\xC3(", "\xE2\x82", "\xE2\x82/",
                                      "\xF0\x9F\x98", "a\xC3", "\xC3\xA9\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80"})
    expect_everywhere(text, false);
  for (const std::string_view text :
       {"", "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF"})
    expect_everywhere(text, true);
}

TEST(Utf8, EveryPairOfBytesIsAsByteByByte) {
  for (int pair = 0; pair < 0x10000; ++pair) {
    for (const std::string_view behind : {"", "\x80", "\x80\x80", "z"}) {
      std::string text(30, ' ');  // across the end of a vector of 32
      text += {static_cast<char>(pair >> 8), static_cast<char>(pair)};
      text += behind;
      for (const Simd simd : available())
        ASSERT_EQ(is_utf8(text, simd), is_utf8_by_byte(text)) << std::hex << pair << ' ' << behind.size();
    }
  }
}

TEST(Utf8Checker, PiecesAreAsTheWhole) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "text \xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
  for (std::size_t first = 0; first <= text.size(); ++first) {
    for (const std::size_t second :
         {first, std::min(first + 1, text.size()), std::min(first + 2, text.size()), text.size()}) {
      Utf8Checker checker;
      const std::string_view all = text;
      ASSERT_TRUE(checker.take(all.substr(0, first)) && checker.take(all.substr(first, second - first)) &&
                  checker.take(all.substr(second)) && checker.is_complete())
          << first << ' ' << second;
    }
  }
}

TEST(Utf8Checker, FailsAtTheFirstByteThatNoTextGoesOnWith) {
  const std::string before(100, 'a');
  Utf8Checker checker;
  EXPECT_TRUE(checker.take(before + "\xF4"));  // so far U+100000 may come
  EXPECT_FALSE(checker.is_complete());
  EXPECT_FALSE(checker.take("\x90"));

  Utf8Checker other;
  EXPECT_FALSE(other.take(before + "\xF4\x90"));  // although the piece ends within the character
  Utf8Checker surrogate;
  EXPECT_TRUE(surrogate.take(before + "\xED"));
  EXPECT_FALSE(surrogate.take("\xA0"));
}

}  // namespace
}  // namespace flare
