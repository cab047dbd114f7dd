#include "flare/http/pairs.h"

#include <gtest/gtest.h>

namespace flare::http {
namespace {

using Found = std::optional<std::string_view>;

TEST(QueryValue, IsTheFirstOfThatNameAsReceived) {
  struct Case {
    const char* query;
    const char* name;
    Found value;
  };
  for (const Case& each :
       {Case{"a=1", "a", "1"}, Case{"a=1&b=2", "b", "2"}, Case{"a=1&a=2", "a", "1"}, Case{"a", "a", ""},
        Case{"a=", "a", ""}, Case{"a=b=c", "a", "b=c"}, Case{"aa=1", "a", {}}, Case{"b=a", "a", {}}, Case{"", "a", {}},
        Case{"&&a=1", "a", "1"}, Case{"A=1", "a", {}}, Case{"a=%31", "a", "%31"}}) {
    EXPECT_EQ(query_value(each.query, each.name), each.value) << each.query;
  }
}

TEST(CookieValue, IsFoundAmongPairs) {
  struct Case {
    const char* cookies;
    Found value;
  };
  for (const Case& each :
       {Case{"beta=yes", "yes"}, Case{"a=1; beta=yes; c=3", "yes"}, Case{"a=1;beta=yes", "yes"}, Case{"beta=", ""},
        Case{"beta=a=b", "a=b"}, Case{"alphabeta=yes", {}}, Case{"", {}}, Case{"a=beta", {}}, Case{"Beta=yes", {}}}) {
    EXPECT_EQ(cookie_value(each.cookies, "beta"), each.value) << each.cookies;
  }
}

}  // namespace
}  // namespace flare::http
