#include "flare/http/forwarded.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace flare::http {
namespace {

// 10.0.0.0/8 and fd00::/8 are the proxies; 10.0.0.1 is the one that asks.
const net::PeerSet kTrusted{.networks = {*net::Cidr::try_parse("10.0.0.0/8"), *net::Cidr::try_parse("fd00::/8")}};

std::string client(std::initializer_list<Field> fields, const char* peer = "10.0.0.1") {
  const std::vector<Field> all(fields);
  return forwarded_client(Fields(all), net::IpAddr::parse(peer), kTrusted).to_string();
}

struct Case {
  const char* value;
  const char* client;
};

TEST(Forwarded, WithoutFieldsThePeerIsTheClient) {
  EXPECT_EQ(client({}), "10.0.0.1");
  EXPECT_EQ(client({{"X-Real-IP", "192.0.2.1"}}), "10.0.0.1");
}

// P-3
TEST(Forwarded, XForwardedForIsReadFromTheRight) {
  for (const auto& [value, expected] : {
           Case{"192.0.2.1", "192.0.2.1"},
           Case{"203.0.113.66, 192.0.2.1", "192.0.2.1"},
           Case{"203.0.113.66, 192.0.2.1, 10.0.0.2, 10.9.9.9", "192.0.2.1"},
           Case{"10.0.0.3, 10.0.0.2", "10.0.0.3"},
           Case{"203.0.113.66,192.0.2.1,10.0.0.2", "192.0.2.1"},
           Case{" \t192.0.2.1 ,\t10.0.0.2 ", "192.0.2.1"},
           Case{"192.0.2.1,, ,10.0.0.2,", "192.0.2.1"},
           Case{"2001:db8::1", "2001:db8::1"},
           Case{"[2001:db8::1]", "2001:db8::1"},
           Case{"[2001:db8::1]:40000", "2001:db8::1"},
           Case{"192.0.2.1:40000", "192.0.2.1"},
           Case{"192.0.2.1, fd00::5, 10.0.0.2", "192.0.2.1"},
           Case{"192.0.2.1, ::ffff:10.0.0.2", "192.0.2.1"},
           Case{"::ffff:192.0.2.1", "192.0.2.1"},
           Case{"", "10.0.0.1"},
           Case{",", "10.0.0.1"},
       }) {
    EXPECT_EQ(client({{"X-Forwarded-For", value}}), expected) << value;
  }
}

TEST(Forwarded, WhatIsNoAddressEndsTheWalkAtTheOneBeforeIt) {
  for (const char* bad : {"unknown",
                          "_hidden",
                          "localhost",
                          "192.0.2.256",
                          "192.0.2",
                          "192.0.2.01",
                          "192.0.2.1:",
                          "192.0.2.1:65536",
                          "192.0.2.1:99999999",
                          "192.0.2.1:-1",
                          "192.0.2.1 203.0.113.9",
                          "192.0.2.1;",
                          "\"192.0.2.1\"",
                          "[192.0.2.1]",
                          "[2001:db8::1",
                          "2001:db8::1]",
                          "[2001:db8::1]x",
                          "[2001:db8::1]:",
                          "[2001:db8::1]80",
                          "[]",
                          "[",
                          "]",
                          ":",
                          ":80",
                          "fe80::1%eth0",
                          "for=192.0.2.1",
                          "0.0.0.0",
                          "::",
                          "[::]",
                          "192.0.2.0/24",
                          "-",
                          "\x80"}) {
    EXPECT_EQ(client({{"X-Forwarded-For", std::string("203.0.113.66, ") + bad}}), "10.0.0.1") << bad;
    EXPECT_EQ(client({{"X-Forwarded-For", std::string("203.0.113.66, ") + bad + ", 10.0.0.2"}}), "10.0.0.2") << bad;
    EXPECT_EQ(client({{"X-Forwarded-For", std::string(bad) + ", 192.0.2.1, 10.0.0.2"}}), "192.0.2.1") << bad;
  }
}

TEST(Forwarded, AllLinesAreOneList) {
  EXPECT_EQ(client({{"X-Forwarded-For", "203.0.113.66"},
                    {"x-forwarded-for", "192.0.2.1, 10.0.0.3"},
                    {"Host", "example.com"},
                    {"X-FORWARDED-FOR", "10.0.0.2"}}),
            "192.0.2.1");
  EXPECT_EQ(client({{"X-Forwarded-For", "203.0.113.66"}, {"X-Forwarded-For", "unknown"}}), "10.0.0.1");
  EXPECT_EQ(client({{"X-Forwarded-For", "192.0.2.1"}, {"X-Forwarded-For", ""}}), "192.0.2.1");
  EXPECT_EQ(client({{"Forwarded", "for=203.0.113.66"}, {"Forwarded", "for=192.0.2.1, for=10.0.0.3"}}), "192.0.2.1");
}

TEST(Forwarded, XForwardedForWinsOverForwarded) {
  EXPECT_EQ(client({{"Forwarded", "for=203.0.113.66"}, {"X-Forwarded-For", "192.0.2.1"}}), "192.0.2.1");
  EXPECT_EQ(client({{"X-Forwarded-For", ""}, {"Forwarded", "for=203.0.113.66"}}), "10.0.0.1");
}

// P-4; RFC 7239 §4, §6, §7.1.
TEST(Forwarded, ForwardedIsReadFromTheRight) {
  for (const auto& [value, expected] : {
           Case{"for=192.0.2.1", "192.0.2.1"},
           Case{"For=\"192.0.2.1\"", "192.0.2.1"},
           Case{"FOR=\"[2001:db8::1]:4711\"", "2001:db8::1"},
           Case{"for=\"[2001:db8::1]\"", "2001:db8::1"},
           Case{"for=\"192.0.2.1:_port-1.x\"", "192.0.2.1"},
           Case{"for=192.0.2.1;proto=http;by=203.0.113.43", "192.0.2.1"},
           Case{"proto=https;by=\"[fd00::1]\";for=192.0.2.1;host=example.com", "192.0.2.1"},
           Case{";;for=192.0.2.1;", "192.0.2.1"},
           Case{"for=203.0.113.66, for=192.0.2.1,for=10.0.0.3 , for=\"10.0.0.2:80\"", "192.0.2.1"},
           Case{"for=\"[2001:db8:cafe::17]\", for=10.0.0.2", "2001:db8:cafe::17"},
           Case{"for=192.0.2.1;host=\"a, for=203.0.113.66\"", "192.0.2.1"},
           Case{"for=192.0.2.1;x=\"\\\",for=203.0.113.66;y=\\\"\"", "192.0.2.1"},
           Case{"for=192.0.2.1;x=\"\\\\\"", "192.0.2.1"},
           Case{"for=10.0.0.3, for=10.0.0.2", "10.0.0.3"},
           Case{"", "10.0.0.1"},
       }) {
    EXPECT_EQ(client({{"Forwarded", value}}), expected) << value;
  }
}

TEST(Forwarded, AnElementThatNamesNoAddressEndsTheWalk) {
  for (const char* bad : {"for=unknown",
                          "for=_hidden",
                          "for=\"_gazonk\"",
                          "proto=https",
                          ";",
                          "for=",
                          "for",
                          "=192.0.2.9",
                          "for =192.0.2.9",
                          "for= 192.0.2.9",
                          "for=192.0.2.9 ;proto=http",
                          "for=192.0.2.9; proto=http",
                          "for=192.0.2.9:80",
                          "for=[2001:db8::9]",
                          "for=\"2001:db8::9\"",
                          "for=\"[2001:db8::9]:_\"",
                          "for=\"192.0.2.9:123456\"",
                          "for=\"192.0.2.9",
                          "for=192.0.2.9\"",
                          "for=\"192.0.2.9\"x",
                          "for=\"192.0.2\\.9\"",
                          "for=192.0.2.9;for=192.0.2.8",
                          "for=192.0.2.9;proto",
                          "for=192.0.2.9;\"proto\"=http",
                          "\"for\"=192.0.2.9",
                          "for=\"\"",
                          "192.0.2.9"}) {
    EXPECT_EQ(client({{"Forwarded", std::string("for=203.0.113.66, ") + bad}}), "10.0.0.1") << bad;
    EXPECT_EQ(client({{"Forwarded", std::string("for=203.0.113.66, ") + bad + ", for=10.0.0.2"}}), "10.0.0.2") << bad;
  }
}

TEST(Forwarded, WhatTheClientWroteCannotChangeWhatAProxyAppended) {
  for (const char* attack : {"for=\"", "for=\"x", "\"", "for=203.0.113.66;x=\"", "for=\\", "\\", "for=\"\\", ",\",",
                             "for=203.0.113.66;a=\"b", "\",\""}) {
    EXPECT_EQ(client({{"Forwarded", std::string(attack) + ", for=192.0.2.1"}}), "192.0.2.1") << attack;
    EXPECT_EQ(client({{"Forwarded", std::string(attack) + ", for=\"[2001:db8::1]\", for=10.0.0.2"}}), "2001:db8::1")
        << attack;
  }
}

TEST(Forwarded, SchemeIsHttpOrHttpsSaidOnce) {
  const auto scheme = [](std::initializer_list<Field> fields) {
    const std::vector<Field> all(fields);
    return std::string(forwarded_scheme(Fields(all)));
  };
  EXPECT_EQ(scheme({}), "");
  EXPECT_EQ(scheme({{"X-Forwarded-Proto", "https"}}), "https");
  EXPECT_EQ(scheme({{"x-forwarded-proto", "HTTP"}}), "http");
  for (const char* other : {"", "ftp", "wss", "https,http", "https ", "httpss", "http/1.1"})
    EXPECT_EQ(scheme({{"X-Forwarded-Proto", other}}), "") << other;
  EXPECT_EQ(scheme({{"X-Forwarded-Proto", "https"}, {"X-Forwarded-Proto", "https"}}), "");
}

}  // namespace
}  // namespace flare::http
