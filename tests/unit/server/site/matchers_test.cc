#include "server/site/matchers.h"

#include <gtest/gtest.h>

#include "tests/support/parsed_request.h"

namespace flare::server::site {
namespace {

using config::NamedMatch;
using test::ParsedRequest;

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
  route.from = {net::Cidr{.base = net::IpAddr::v4({10, 0, 0, 0}), .bits = 8}};
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

// P-3: the client is whom a trusted proxy names, and so is the scheme.
TEST(Matchers, AskForTheClientAndNotThePeer) {
  config::Route route;
  route.from = {*net::Cidr::try_parse("10.0.0.0/8")};
  route.schemes = {"https"};
  const auto matchers = Matchers::of(route);
  ParsedRequest request("GET", "/", "");
  request->set_peer(net::SocketAddr::parse("192.0.2.1:1"), false);
  EXPECT_FALSE(matchers->holds(*request));
  request->set_client(net::IpAddr::parse("10.1.2.3"));
  EXPECT_EQ(matchers->describe_failure(*request), "scheme");
  request->set_scheme("https");
  EXPECT_TRUE(matchers->holds(*request));
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

TEST(Matchers, NetworksThatDoNotOverlapExcludeOneAnother) {
  const auto from = [](std::initializer_list<const char*> networks) {
    config::Route route;
    for (const char* text : networks) route.from.push_back(*net::Cidr::try_parse(text));
    return route;
  };
  const config::Route ten = from({"10.0.0.0/8", "::1"});
  const config::Route test = from({"192.0.2.0/24", "2001:db8::/32"});
  const config::Route inner = from({"192.0.2.0/24", "10.1.0.0/16"});
  EXPECT_TRUE(Matchers::of(ten)->excludes(*Matchers::of(test)));
  EXPECT_FALSE(Matchers::of(ten)->excludes(*Matchers::of(inner)));
  EXPECT_FALSE(Matchers::of(ten)->excludes(*Matchers::of(with_query("1"))));
}

}  // namespace
}  // namespace flare::server::site
