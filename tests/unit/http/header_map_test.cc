#include "flare/http/header_map.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace flare::http {
namespace {

using namespace std::string_view_literals;
using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs pairs_of(const HeaderMap& map) {
  Pairs pairs;
  map.for_each([&](std::string_view name, std::string_view value) { pairs.emplace_back(name, value); });
  return pairs;
}

/// Big enough to leave the inline storage.
HeaderMap spilled_map() {
  HeaderMap map;
  for (int i = 0; i < 40; ++i) map.append("X-Field-" + std::to_string(i), std::string(20, 'v'));
  return map;
}

TEST(HeaderMap, StartsEmpty) {
  const HeaderMap map{};
  EXPECT_TRUE(map.empty());
  EXPECT_EQ(map.size(), 0U);
  EXPECT_EQ(map.encoded(), "");
  EXPECT_FALSE(map.get("A"));
}

TEST(HeaderMap, AppendKeepsOrderAndSpelling) {
  HeaderMap map;
  map.append("Content-Type", "text/html");
  map.append("set-cookie", "a=1");
  map.append("Set-Cookie", "b=2");
  EXPECT_EQ(map.encoded(), "Content-Type: text/html\r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\n");
  EXPECT_EQ(map.size(), 3U);
  EXPECT_EQ(map.get("CONTENT-TYPE"), "text/html");
  EXPECT_EQ(map.get("Set-Cookie"), "a=1") << "the first of several";
  EXPECT_EQ(pairs_of(map), (Pairs{{"Content-Type", "text/html"}, {"set-cookie", "a=1"}, {"Set-Cookie", "b=2"}}));
}

TEST(HeaderMap, SetReplacesEveryFieldOfTheName) {
  HeaderMap map;
  map.append("A", "1");
  map.append("B", "2");
  map.append("a", "3");
  map.set("A", "4");
  EXPECT_EQ(map.encoded(), "B: 2\r\nA: 4\r\n");
}

TEST(HeaderMap, RemoveTellsHowManyThereWere) {
  HeaderMap map;
  map.append("A", "1");
  map.append("AB", "2");
  map.append("a", "3");
  EXPECT_EQ(map.remove("B"), 0U);
  EXPECT_EQ(map.remove("a"), 2U);
  EXPECT_EQ(map.encoded(), "AB: 2\r\n");
  EXPECT_EQ(map.remove("AB"), 1U);
  EXPECT_TRUE(map.empty());
}

TEST(HeaderMap, AFieldNameDoesNotMatchWithinAValue) {
  HeaderMap map;
  map.append("X", "B: 2");
  EXPECT_FALSE(map.contains("B"));
  EXPECT_EQ(map.get("X"), "B: 2");
}

TEST(HeaderMap, AllowsEveryValueOfTheGrammar) {
  HeaderMap map;
  map.append("Empty", "");
  map.append("Obs", "caf\xC3\xA9 \x80\xFF");
  map.append("Tab", "a\tb");
  map.append("Blanks", " \t a b \t");
  EXPECT_EQ(map.get("Empty"), "");
  EXPECT_EQ(map.get("Obs"), "caf\xC3\xA9 \x80\xFF");
  EXPECT_EQ(map.get("Tab"), "a\tb");
  EXPECT_EQ(map.get("Blanks"), "a b") << "blanks at the ends are not part of a value";
  EXPECT_EQ(map.size(), 4U);
}

TEST(HeaderMap, RefusesNamesThatAreNoTokens) {
  HeaderMap map;
  map.append("Kept", "1");
  for (const std::string_view name :
       {""sv, " "sv, "A "sv, " A"sv, "A B"sv, "A:"sv, "A\r\nB"sv, "A\0"sv, "\xC3\xA9"sv, "A/B"sv}) {
    EXPECT_THROW(map.append(name, "v"), HeaderInjectionError) << name;
    EXPECT_THROW(map.set(name, "v"), HeaderInjectionError) << name;
  }
  EXPECT_EQ(map.encoded(), "Kept: 1\r\n");
}

TEST(HeaderMap, RefusesEveryControlByteInAValueAndKeepsWhatWasThere) {
  HeaderMap map;
  map.append("A", "1");
  for (int c = 0; c < 256; ++c) {
    const std::string value = std::string("x") + static_cast<char>(c) + "y";
    const bool allowed = (c >= 0x20 && c != 0x7F) || c == '\t';
    if (allowed) {
      map.set("A", value);
      EXPECT_EQ(map.get("A"), value);
      map.set("A", "1");
      continue;
    }
    EXPECT_THROW(map.set("A", value), HeaderInjectionError) << c;
    EXPECT_THROW(map.append("A", value), HeaderInjectionError) << c;
    EXPECT_EQ(map.encoded(), "A: 1\r\n");
  }
  EXPECT_THROW(map.append("A", "\r"), HeaderInjectionError);
  EXPECT_THROW(map.append("A", "v\n"), HeaderInjectionError);
}

TEST(HeaderMap, NeverPutsARefusedValueIntoTheMessage) {
  HeaderMap map;
  try {
    map.append("Authorization", "secret\r\n");
    FAIL();
  } catch (const HeaderInjectionError& error) {
    EXPECT_FALSE(std::string_view(error.what()).contains("secret"));
    EXPECT_TRUE(std::string_view(error.what()).contains("Authorization"));
  }
}

TEST(HeaderMap, KeepsEverythingWhenItOutgrowsItsInlineStorage) {
  HeaderMap map;
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    const std::string name = "X-" + std::to_string(i);
    const std::string value(static_cast<std::size_t>(i), 'v');
    map.append(name, value);
    expected += name;
    expected += ": ";
    expected += value;
    expected += "\r\n";
    ASSERT_EQ(map.encoded(), expected);
  }
  EXPECT_EQ(map.size(), 200U);
  EXPECT_EQ(map.get("x-199")->size(), 199U);
}

TEST(HeaderMap, CopiesAreIndependent) {
  for (const HeaderMap& original : {HeaderMap(), spilled_map()}) {
    HeaderMap source = original;
    source.append("A", "1");
    HeaderMap copy = source;
    copy.set("A", "2");
    EXPECT_EQ(source.get("A"), "1");
    EXPECT_EQ(copy.get("A"), "2");
    source = copy;
    EXPECT_EQ(source.encoded(), copy.encoded());
    const HeaderMap& alias = source;
    source = alias;
    EXPECT_EQ(source.encoded(), copy.encoded());
  }
}

TEST(HeaderMap, MovingLeavesAnEmptyUsableMap) {
  for (const HeaderMap& original : {HeaderMap(), spilled_map()}) {
    HeaderMap source = original;
    source.append("A", "1");
    const std::string expected(source.encoded());
    HeaderMap target = spilled_map();
    target = std::move(source);
    EXPECT_EQ(target.encoded(), expected);
    EXPECT_TRUE(source.empty());  // NOLINT(bugprone-use-after-move): the contract under test
    source.append("B", "2");
    EXPECT_EQ(source.encoded(), "B: 2\r\n");
    const HeaderMap constructed(std::move(target));
    EXPECT_EQ(constructed.encoded(), expected);
  }
}

TEST(HeaderMap, TakesViewsOfItself) {
  HeaderMap map = spilled_map();
  map.append("A", "value");
  for (int i = 0; i < 50; ++i) map.append("Copy", *map.get("A"));
  EXPECT_EQ(map.size(), 91U);
  map.set("A", *map.get("Copy"));
  EXPECT_EQ(map.get("A"), "value");
  const std::string once(map.encoded());
  map.append_encoded(map.encoded());
  EXPECT_EQ(map.encoded(), once + once);
}

TEST(HeaderMap, ClearKeepsItUsable) {
  HeaderMap map = spilled_map();
  map.clear();
  EXPECT_TRUE(map.empty());
  map.append("A", "1");
  EXPECT_EQ(map.encoded(), "A: 1\r\n");
}

}  // namespace
}  // namespace flare::http
