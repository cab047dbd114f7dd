#include "flare/base/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace flare {
namespace {

bool is_utf8(std::string_view text) {
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
    ASSERT_EQ(is_utf8(encode(code)), valid) << code;
  }
}

TEST(Utf8Checker, RefusesWhatIsNoCharacter) {
  for (const std::string_view text :
       {"\x80", "\xBF", "\xC0\xAF", "\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xF5\x80\x80\x80", "\xFF", "\xFE",
        "\xC3", "\xC3(", "\xE2\x82", "\xE2\x82/", "\xF0\x9F\x98", "a\xC3", "\xC3\xA9\x80"}) {
    EXPECT_FALSE(is_utf8(text)) << text;
  }
  EXPECT_TRUE(is_utf8("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"));
}

}  // namespace
}  // namespace flare
