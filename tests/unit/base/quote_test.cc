#include "flare/base/quote.h"

#include <gtest/gtest.h>

namespace flare {
namespace {

TEST(Quote, LeavesNothingThatCouldForgeALineOrEndTheQuote) {
  EXPECT_EQ(quote("plain text"), "\"plain text\"");
  EXPECT_EQ(quote("a\r\nb"), R"("a\x0d\x0ab")");
  EXPECT_EQ(quote(std::string_view("\0\x7F\xFF", 3)), R"("\x00\x7f\xff")");
  EXPECT_EQ(quote(R"("\)"), R"("\x22\x5c")");
  EXPECT_EQ(quote(""), "\"\"");
}

TEST(Quote, CutsLongText) {
  EXPECT_EQ(quote(std::string(128, 'x')), '"' + std::string(128, 'x') + '"');
  EXPECT_EQ(quote(std::string(129, 'x')), '"' + std::string(128, 'x') + "...\"");
}

}  // namespace
}  // namespace flare
