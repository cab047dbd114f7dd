#include "flare/http/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace flare::http {
namespace {

using namespace std::string_view_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using enum Url::Scheme;

TEST(Url, SaysWhereARequestGoes) {
  struct Case {
    std::string_view text;
    Url::Scheme scheme;
    std::string_view host;
    int port;
    std::string_view authority;
    std::string_view target;
  };
  for (const Case& c : {
           Case{"http://example.com", kHttp, "example.com", 80, "example.com", "/"},
           Case{"https://example.com", kHttps, "example.com", 443, "example.com", "/"},
           Case{"ws://example.com", kWs, "example.com", 80, "example.com", "/"},
           Case{"wss://example.com", kWss, "example.com", 443, "example.com", "/"},
           Case{"WSS://Example.COM/Feed", kWss, "example.com", 443, "example.com", "/Feed"},
           Case{"ws://example.com:80/", kWs, "example.com", 80, "example.com", "/"},
           Case{"ws://example.com:443/", kWs, "example.com", 443, "example.com:443", "/"},
           Case{"wss://example.com:/", kWss, "example.com", 443, "example.com", "/"},
           Case{"http://example.com:8080/a/b?c=d&e", kHttp, "example.com", 8080, "example.com:8080", "/a/b?c=d&e"},
           Case{"ws://example.com?q", kWs, "example.com", 80, "example.com", "/?q"},
           Case{"ws://example.com?a/b@c:d", kWs, "example.com", 80, "example.com", "/?a/b@c:d"},
           Case{"http://example.com#part", kHttp, "example.com", 80, "example.com", "/"},
           Case{"https://example.com/a?b#part?/@", kHttps, "example.com", 443, "example.com", "/a?b"},
           Case{"ws://a_b-c.example.com./", kWs, "a_b-c.example.com", 80, "a_b-c.example.com", "/"},
           Case{"ws://localhost:65535/", kWs, "localhost", 65535, "localhost:65535", "/"},
           Case{"ws://127.0.0.1:9000/x", kWs, "127.0.0.1", 9000, "127.0.0.1:9000", "/x"},
           Case{"wss://[2001:DB8::1]/", kWss, "2001:db8::1", 443, "[2001:db8::1]", "/"},
           Case{"http://[::1]:8080", kHttp, "::1", 8080, "[::1]:8080", "/"},
           Case{"ws://1.example.com//a//", kWs, "1.example.com", 80, "1.example.com", "//a//"},
           Case{"ws://xn--bcher-kva.example/%20%C3%A9", kWs, "xn--bcher-kva.example", 80, "xn--bcher-kva.example",
                "/%20%C3%A9"},
       }) {
    const auto url = Url::try_parse(c.text);
    ASSERT_TRUE(url) << c.text;
    EXPECT_EQ(url->scheme(), c.scheme) << c.text;
    EXPECT_EQ(url->is_tls(), c.scheme == kHttps || c.scheme == kWss) << c.text;
    EXPECT_EQ(url->host(), c.host) << c.text;
    EXPECT_EQ(url->port(), c.port) << c.text;
    EXPECT_EQ(url->authority(), c.authority) << c.text;
    EXPECT_EQ(url->request_target(), c.target) << c.text;
    EXPECT_EQ(Url::parse(url->to_string()), *url) << c.text;
  }
}

TEST(Url, RefusesWhatCannotBeAsked) {
  struct Case {
    std::string_view text;
    std::string_view why;
  };
  for (const auto& [text, why] : {
           Case{"", "begins with"},
           Case{"example.com", "begins with"},
           Case{"//example.com", "begins with"},
           Case{"ws:/example.com", "begins with"},
           Case{"ftp://example.com", "begins with"},
           Case{" ws://example.com", "begins with"},
           Case{"ws://", "no name"},
           Case{"ws:///feed", "no name"},
           Case{"ws://:80/", "no name"},
           Case{"ws://./", "no name"},
           Case{"ws://a..b/", "no name"},
           Case{"ws://.a/", "no name"},
           Case{"ws://a../", "no name"},
           Case{"ws://exa mple.com/", "no name"},
           Case{"ws://example.com\r\nX: y/", "1 to 65535"},
           Case{"ws://b\xC3\xBC"
                "cher.example/",
                "xn--"},
           Case{"ws://%65xample.com/", "no name"},
           Case{"ws://user@example.com/", "Authorization"},
           Case{"ws://user:secret@example.com/", "Authorization"},
           Case{"ws://example.com:0/", "1 to 65535"},
           Case{"ws://example.com:65536/", "1 to 65535"},
           Case{"ws://example.com:+80/", "1 to 65535"},
           Case{"ws://example.com:80:80/", "1 to 65535"},
           Case{"ws://example.com: 80/", "1 to 65535"},
           Case{"ws://2001:db8::1/", "1 to 65535"},
           Case{"ws://[2001:db8::1/", "not closed"},
           Case{"ws://[2001:db8::1]80/", "neither a port"},
           Case{"ws://[127.0.0.1]/", "brackets"},
           Case{"ws://[example.com]/", "brackets"},
           Case{"ws://[fe80::1%25eth0]/", "brackets"},
           Case{"ws://256.1.1.1/", "up to 255"},
           Case{"ws://127.1/", "up to 255"},
           Case{"ws://2130706433/", "up to 255"},
           Case{"ws://0x7f.1/", "up to 255"},
           Case{"ws://example.0x1/", "up to 255"},
           Case{"ws://example.com/#part", "fragment"},
           Case{"wss://example.com#", "fragment"},
           Case{"ws://example.com/a b", "%XX"},
           Case{"ws://example.com/a\tb", "%XX"},
           Case{"http://example.com/a\r\nX: y", "%XX"},
           Case{"http://example.com/\0"sv, "%XX"},
           Case{"http://example.com/\x7F", "%XX"},
           Case{"http://example.com/\xC3\xA9", "%XX"},
           Case{"http://example.com/?\"<>", "%XX"},
       }) {
    EXPECT_FALSE(Url::try_parse(text)) << text;
    try {
      static_cast<void>(Url::parse(text));
      ADD_FAILURE() << text;
    } catch (const UrlParseError& error) {
      EXPECT_THAT(error.what(), HasSubstr(why)) << text;
      EXPECT_THAT(error.what(), Not(HasSubstr("secret")));
    }
  }
  EXPECT_FALSE(Url::try_parse("ws://" + std::string(254, 'a')));
  EXPECT_TRUE(Url::try_parse("ws://" + std::string(253, 'a')));
}

}  // namespace
}  // namespace flare::http
