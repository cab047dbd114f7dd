#include "flare/base/ascii.h"

#include <gtest/gtest.h>

namespace flare::ascii {
namespace {

TEST(Ascii, ClassifiesEveryByteAsTheGrammarDoes) {
  constexpr std::string_view kDigits = "0123456789";
  constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
  constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";  // RFC 9110 §5.6.2
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    SCOPED_TRACE(i);
    const bool digit = kDigits.contains(c);
    const bool alpha = kUpper.contains(c) || kLower.contains(c);
    EXPECT_EQ(is_digit(c), digit);
    EXPECT_EQ(is_upper(c), kUpper.contains(c));
    EXPECT_EQ(is_alpha(c), alpha);
    EXPECT_EQ(is_alnum(c), alpha || digit);
    EXPECT_EQ(is_control(c), i < 32 || i == 127);
    EXPECT_EQ(is_token_char(c), alpha || digit || kTokenMarks.contains(c));
    EXPECT_EQ(to_lower(c), kUpper.contains(c) ? kLower[kUpper.find(c)] : c);
  }
}

TEST(Ascii, HexValueKnowsBothCasesAndNothingElse) {
  constexpr std::string_view kLower = "0123456789abcdef";
  constexpr std::string_view kUpper = "0123456789ABCDEF";
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const std::size_t at = kLower.contains(c) ? kLower.find(c) : kUpper.find(c);
    EXPECT_EQ(hex_value(c), at == std::string_view::npos ? -1 : static_cast<int>(at)) << i;
  }
}

TEST(Ascii, TokensAreNotEmptyAndHaveNoSeparators) {
  EXPECT_TRUE(is_token("Content-Type"));
  EXPECT_TRUE(is_token("!"));
  for (const std::string_view text : {"", " ", "a b", "a:", "a/b", "(a)", "\"a\"", "a\x7F", "caf\xC3\xA9"}) {
    EXPECT_FALSE(is_token(text)) << text;
  }
}

TEST(Ascii, ComparesWithoutCaseInAsciiOnly) {
  EXPECT_TRUE(iequals("", ""));
  EXPECT_TRUE(iequals("Content-LENGTH", "content-length"));
  EXPECT_FALSE(iequals("Content-Length", "Content-Lengt"));
  EXPECT_FALSE(iequals("@", "`"));
  EXPECT_FALSE(iequals("[", "{"));
  EXPECT_FALSE(iequals("\xC4", "\xE4"));
}

TEST(Ascii, TrimsSpacesAndTabsOnly) {
  EXPECT_EQ(trim(" \t a \t b\t "), "a \t b");
  EXPECT_EQ(trim("\t \t"), "");
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim("\na\v"), "\na\v");
}

}  // namespace
}  // namespace flare::ascii
