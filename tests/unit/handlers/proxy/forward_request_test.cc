#include "flare/handlers/proxy/forward_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "flare/http/forwarded.h"
#include "flare/net/cidr.h"

namespace flare::handlers::proxy {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A request as a connection hands it over.
struct Asked {
  explicit Asked(std::string text, const char* peer = "192.0.2.7", bool trusted = false) : bytes(std::move(text)) {
    bytes.append("\r\n");
    const auto parsed = request.parse(bytes, limits);
    EXPECT_TRUE(parsed && *parsed == bytes.size()) << bytes;
    request.set_peer(net::SocketAddr(net::IpAddr::parse(peer), 40000), false);
    request.set_sender(net::IpAddr::parse(peer), trusted);
    if (!trusted) return;
    const net::PeerSet proxies{.networks = {*net::Cidr::try_parse("10.0.0.0/8")}};
    request.set_client(http::forwarded_client(request.headers(), request.client(), proxies));
  }
  std::string bytes;
  http::Limits limits;
  http::Request request;
};

std::string head_of(const Asked& asked, const ForwardOptions& options = {},
                    RequestContent content = RequestContent::kNone, std::uint64_t length = 0) {
  io::Buffer out(64);
  append_request_head(out, asked.request, options, "backend.example.net:8080", wanted_upgrade(asked.request), content,
                      length);
  return std::string(out.view());
}

std::string target_of(const std::string& target, const ForwardOptions& options) {
  const Asked asked("GET " + target + " HTTP/1.1\r\nHost: a\r\n");
  io::Buffer out(64);
  append_target(out, asked.request, options);
  return std::string(out.view());
}

TEST(ForwardRequest, IsRebuiltFromItsParts) {
  EXPECT_EQ(head_of(Asked("GET /a?b=1 HTTP/1.1\r\nHost: example.com\r\nAccept: text/html\r\nCookie: a=1\r\n")),
            "GET /a?b=1 HTTP/1.1\r\nHost: example.com\r\nAccept: text/html\r\nCookie: a=1\r\n"
            "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: example.com\r\n"
            "X-Forwarded-Port: 80\r\nX-Real-IP: 192.0.2.7\r\nVia: 1.1 flared\r\n\r\n");
}

TEST(ForwardRequest, HopByHopFieldsStay) {
  const std::string head =
      head_of(Asked("GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Secret , keep-alive\r\nX-Secret: "
                    "1\r\nKeep-Alive: timeout=5\r\n"
                    "Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic eA==\r\nTE: gzip;q=0.5, Trailers\r\n"
                    "Upgrade: h2c\r\nTrailer: X-Sum\r\nX-Kept: 2\r\n"));
  for (const char* gone : {"close", "Secret", "Keep-Alive", "Proxy-", "gzip", "Upgrade", "Trailer:"})
    EXPECT_THAT(head, Not(HasSubstr(gone)));
  EXPECT_THAT(head, HasSubstr("X-Kept: 2\r\n"));
  EXPECT_THAT(head, HasSubstr("TE: trailers\r\nConnection: TE\r\n"));
}

TEST(ForwardRequest, ContentIsFramedAnew) {
  const Asked asked("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n");
  EXPECT_THAT(head_of(asked, {}, RequestContent::kLength, 5), HasSubstr("\r\nContent-Length: 5\r\n\r\n"));
  const std::string chunked = head_of(asked, {}, RequestContent::kChunked);
  EXPECT_THAT(chunked, HasSubstr("\r\nTransfer-Encoding: chunked\r\n\r\n"));
  EXPECT_THAT(chunked, Not(HasSubstr("Content-Length")));
}

TEST(ForwardRequest, HttpoxyIsNoField) {
  EXPECT_THAT(head_of(Asked("GET / HTTP/1.1\r\nHost: a\r\nProxy: http://evil.example.net\r\n")),
              Not(HasSubstr("evil")));
}

TEST(ForwardRequest, HostFollowsThePolicy) {
  const Asked asked("GET / HTTP/1.1\r\nHost: example.com:81\r\n");
  EXPECT_THAT(head_of(asked), HasSubstr("\r\nHost: example.com:81\r\n"));
  EXPECT_THAT(head_of(asked, {.host = HostPolicy::kUpstream}), HasSubstr("\r\nHost: backend.example.net:8080\r\n"));
  EXPECT_THAT(head_of(asked, {.host = HostPolicy::kLiteral, .host_name = "x.example.net"}),
              HasSubstr("\r\nHost: x.example.net\r\n"));
  EXPECT_THAT(head_of(asked, {.host = HostPolicy::kUpstream}), HasSubstr("X-Forwarded-Host: example.com:81\r\n"));
  EXPECT_THAT(head_of(asked), HasSubstr("X-Forwarded-Port: 81\r\n"));
}

TEST(ForwardRequest, FieldsAreSetAndUnset) {
  ForwardOptions options{.unset = {"cookie"}};
  options.set.set("X-Api", "1");
  const std::string head = head_of(Asked("GET / HTTP/1.1\r\nHost: a\r\nCookie: s=1\r\nx-api: forged\r\n"), options);
  EXPECT_THAT(head, Not(HasSubstr("s=1")));
  EXPECT_THAT(head, Not(HasSubstr("forged")));
  EXPECT_THAT(head, HasSubstr("\r\nX-Api: 1\r\n"));
}

// ---- P-3, P-4

TEST(ForwardRequest, AClientsWordAboutItselfIsDropped) {
  const std::string head = head_of(
      Asked("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\n"
            "X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example.net\r\nX-Forwarded-Port: 1\r\n"),
      {.forwarded = true});
  EXPECT_THAT(head, Not(HasSubstr("1.2.3.4")));
  EXPECT_THAT(head, Not(HasSubstr("evil")));
  EXPECT_THAT(head, HasSubstr("X-Forwarded-Proto: http\r\n"));
  EXPECT_THAT(head, HasSubstr("Forwarded: for=192.0.2.7;proto=http;host=a\r\n"));
}

TEST(ForwardRequest, ATrustedProxysListGoesOnFromTheClient) {
  const std::string head =
      head_of(Asked("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6, 203.0.113.9\r\n"
                    "X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Host: shop.example.com\r\n",
                    "10.0.0.2", true));
  EXPECT_THAT(head, HasSubstr("X-Forwarded-For: 203.0.113.9, 10.0.0.1, 10.0.0.2\r\n"));
  EXPECT_THAT(head, HasSubstr("X-Real-IP: 203.0.113.9\r\n"));
  EXPECT_THAT(head, HasSubstr("X-Forwarded-Host: shop.example.com\r\n"));
}

TEST(ForwardRequest, ForwardedGoesOnFromTheClientToo) {
  const std::string head = head_of(
      Asked("GET / HTTP/1.1\r\nHost: a:81\r\nForwarded: for=6.6.6.6, for=\"[2001:db8::1]:4711\";proto=https\r\n",
            "10.0.0.2", true),
      {.forwarded = true});
  EXPECT_THAT(
      head, HasSubstr("Forwarded: for=\"[2001:db8::1]:4711\";proto=https, for=10.0.0.2;proto=http;host=\"a:81\"\r\n"));
  EXPECT_THAT(head, HasSubstr("X-Forwarded-For: 2001:db8::1, 10.0.0.2\r\n"));
}

// ---- P-6

TEST(ForwardRequest, ViaNamesEveryHop) {
  EXPECT_THAT(head_of(Asked("GET / HTTP/1.0\r\nVia: 1.1 edge\r\n"), {.instance = "i-1f"}),
              HasSubstr("\r\nVia: 1.1 edge, 1.0 flared (i-1f)\r\n"));
  const Asked again("GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 edge\r\nVia: 1.1 flared (i-1f)\r\n");
  EXPECT_TRUE(is_loop(again.request.headers(), "i-1f"));
  EXPECT_FALSE(is_loop(again.request.headers(), "i-2f"));
  EXPECT_FALSE(is_loop(again.request.headers(), ""));
}

TEST(ForwardRequest, MaxForwardsCountsDown) {
  EXPECT_THAT(head_of(Asked("OPTIONS /x HTTP/1.1\r\nHost: a\r\nMax-Forwards: 5\r\n")),
              HasSubstr("\r\nMax-Forwards: 4\r\n"));
  EXPECT_EQ(max_forwards(Asked("OPTIONS /x HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n").request), 0U);
  EXPECT_EQ(max_forwards(Asked("GET /x HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n").request), std::nullopt);
}

// ---- P-7

TEST(ForwardRequest, TargetsKeepTheirBytes) {
  for (const char* target : {"/", "/a%2Fb//c/%7Ed?x=%20&&=", "/a?", "/%C3%A4"})
    EXPECT_EQ(target_of(target, {}), target);
}

TEST(ForwardRequest, PrefixesAreWholeSegments) {
  const ForwardOptions strip{.strip_prefix = "/api"};
  EXPECT_EQ(target_of("/api/v1/x?y", strip), "/v1/x?y");
  EXPECT_EQ(target_of("/api", strip), "/");
  EXPECT_EQ(target_of("/api?q", strip), "/?q");
  EXPECT_EQ(target_of("/apis/x", strip), "/apis/x");
  EXPECT_EQ(target_of("/%61pi/a%2Fb", strip), "/a%2Fb");
  const ForwardOptions both{.strip_prefix = "/api", .add_prefix = "/v2"};
  EXPECT_EQ(target_of("/api/x", both), "/v2/x");
  EXPECT_EQ(target_of("/api", both), "/v2/");
}

TEST(ForwardRequest, AUnixSocketsHostIsLocalhost) {
  const Asked asked("GET / HTTP/1.1\r\nHost: a\r\n");
  io::Buffer out(64);
  append_host(out, asked.request, {.host = HostPolicy::kUpstream}, "unix:/run/app.sock");
  EXPECT_EQ(out.view(), "Host: localhost\r\n");
}

TEST(ForwardRequest, WhatIsNoFieldOfTheClientsIsNoTrailerOfTheirsEither) {
  Asked asked("POST / HTTP/1.1\r\nHost: a\r\nConnection: X-Hop\r\nTransfer-Encoding: chunked\r\n");
  asked.request.remove_header("X-User");
  asked.request.add_header("X-Role", "reader");
  ForwardOptions options{.unset = {"X-Unset"}};
  options.set.set("X-Set", "1");
  for (const char* name : {"x-user", "X-ROLE", "X-Hop", "X-Unset", "x-set", "Host", "Proxy", "X-Forwarded-For",
                           "Content-Length", "Transfer-Encoding", "Via", "X-Real-IP"})
    EXPECT_TRUE(is_withheld(name, asked.request, options)) << name;
  EXPECT_FALSE(is_withheld("X-Check", asked.request, options));
}

}  // namespace
}  // namespace flare::handlers::proxy
