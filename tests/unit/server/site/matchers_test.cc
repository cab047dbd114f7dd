#include "server/site/matchers.h"

#include <gtest/gtest.h>

#include "tests/support/parsed_request.h"

namespace flare::server::site {
namespace {

using config::NamedMatch;
using test::ParsedRequest;
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

TEST(Matchers, ARouteWithoutAnyHasNone) {
  config::Route route;
  route.methods = {"GET"};
  EXPECT_EQ(Matchers::of(route), nullptr);
}

// H-27: how a client spells a value makes no difference.
TEST(Matchers, AQueryValueIsComparedDecoded) {
  config::Route route;
  route.queries = {NamedMatch{.name = "v", .values = {"a b", "1%", "caf\u00e9"}}};
  const auto matchers = Matchers::of(route);
  for (const char* query :
       {"v=a%20b", "v=%61%20%62", "v=1%", "v=1%25", "v=caf%C3%A9", "v=caf%c3%a9&v=x", "x=y&v=%31%25"}) {
    EXPECT_TRUE(matchers->holds(*ParsedRequest("GET", std::string("/?") + query, ""))) << query;
  }
  for (const char* query :
       {"v=a+b", "v=a%2520b", "v=a%20", "v=a%20bc", "v=%zz", "v=1%2", "v=", "v", "V=1%25", "v=%00", "v=1%25%00"}) {
    EXPECT_FALSE(matchers->holds(*ParsedRequest("GET", std::string("/?") + query, ""))) << query;
  }
}

TEST(Matchers, AllMustHoldAndSayWhichDoesNot) {
  config::Route route;
  route.headers = {NamedMatch{.name = "X-Canary", .values = {"1", "2"}}};
  route.queries = {NamedMatch{.name = "v", .values = {"1"}}};
  route.cookies = {NamedMatch{.name = "beta", .values = {"yes"}}};
  route.from = {config::Cidr{.base = net::IpAddr::v4({10, 0, 0, 0}), .bits = 8}};
  route.schemes = {"http"};
  const auto matchers = Matchers::of(route);
  ASSERT_NE(matchers, nullptr);
  EXPECT_EQ(matchers->count(), 5U);

  struct Case {
    const char* target;
    const char* fields;
    const char* peer;
    bool tls;
    const char* failure;
  };
  for (const Case& each : {Case{"/?v=1", "X-Canary: 2\r\nCookie: beta=yes\r\n", "10.1.2.3:1", false, ""},
                           Case{"/?v=1", "x-canary: 3\r\nX-CANARY: 1\r\nCookie: beta=yes\r\n", "10.1.2.3:1", false, ""},
                           Case{"/?v=1", "X-Canary: 2\r\nCookie: beta=yes\r\n", "[::ffff:10.1.2.3]:1", false, ""},
                           Case{"/?v=1", "X-Canary: 3\r\nCookie: beta=yes\r\n", "10.1.2.3:1", false, "header X-Canary"},
                           Case{"/?v=2&v=1", "X-Canary: 2\r\nCookie: beta=yes\r\n", "10.1.2.3:1", false, "query v"},
                           Case{"/?v=1", "X-Canary: 2\r\n", "10.1.2.3:1", false, "cookie beta"},
                           Case{"/?v=1", "X-Canary: 2\r\nCookie: beta=yes\r\n", "11.1.2.3:1", false, "from"},
                           Case{"/?v=1", "X-Canary: 2\r\nCookie: beta=yes\r\n", "10.1.2.3:1", true, "scheme"}}) {
    ParsedRequest request("GET", each.target, each.fields);
    request->set_peer(net::SocketAddr::parse(each.peer), each.tls);
    EXPECT_EQ(matchers->describe_failure(*request), each.failure);
    EXPECT_EQ(matchers->holds(*request), std::string_view(each.failure).empty()) << each.failure;
  }
}

config::Route with_query(std::string value) {
  config::Route route;
  route.queries = {NamedMatch{.name = "v", .values = {std::move(value)}}};
  return route;
}

TEST(Matchers, ExcludeOneAnotherWhereNoRequestMeetsBoth) {
  const config::Route one = with_query("1");
  const config::Route two = with_query("2");
  config::Route header_one;
  header_one.headers = {NamedMatch{.name = "X", .values = {"1"}}};
  config::Route header_two;
  header_two.headers = {NamedMatch{.name = "X", .values = {"2"}}};
  config::Route http;
  http.schemes = {"http"};
  config::Route https;
  https.schemes = {"https"};
  EXPECT_TRUE(Matchers::of(one)->excludes(*Matchers::of(two)));
  EXPECT_FALSE(Matchers::of(one)->excludes(*Matchers::of(one)));
  EXPECT_FALSE(Matchers::of(one)->excludes(*Matchers::of(http)));
  EXPECT_TRUE(Matchers::of(http)->excludes(*Matchers::of(https)));
  EXPECT_FALSE(Matchers::of(header_one)->excludes(*Matchers::of(header_two))) << "a request may have both lines";
}

}  // namespace
}  // namespace flare::server::site
