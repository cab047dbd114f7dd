#include "server/site/host_table.h"

#include <gtest/gtest.h>

namespace flare::server::site {
namespace {

TEST(HostTable, PrefersTheExactNameThenTheLongestSuffixThenAny) {
  HostTable table;
  table.add("www.example.com", 1);
  table.add("*.example.com", 2);
  table.add("*.eu.example.com", 3);
  table.add("_", 4);
  struct Case {
    const char* name;
    std::size_t host;
  };
  for (const Case& each :
       {Case{"www.example.com", 1}, Case{"a.example.com", 2}, Case{"a.b.example.com", 2}, Case{"a.eu.example.com", 3},
        Case{"a.b.eu.example.com", 3}, Case{"eu.example.com", 2}, Case{"example.com", 4}, Case{".example.com", 4},
        Case{"notexample.com", 4}, Case{"[::1]", 4}, Case{"", 4}}) {
    EXPECT_EQ(table.find(each.name), each.host) << each.name;
  }
}

TEST(HostTable, KnowsNobodyElse) {
  HostTable table;
  EXPECT_EQ(table.find("example.com"), std::nullopt);
  table.add("example.com", 7);
  table.add("*.example.net", 8);
  EXPECT_EQ(table.find("example.com"), 7U);
  EXPECT_EQ(table.find("www.example.com"), std::nullopt) << "a name is not a suffix";
  EXPECT_EQ(table.find("example.net"), std::nullopt) << "a suffix stands for at least one label more";
  EXPECT_EQ(table.find("net"), std::nullopt);
}

}  // namespace
}  // namespace flare::server::site
