#include "flare/handlers/rate_limit.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/parsed_request.h"

namespace flare::handlers {
namespace {

using namespace std::chrono_literals;
using runtime::TimePoint;
using test::ParsedRequest;
using Limiters = std::vector<std::shared_ptr<RateLimiter>>;

constexpr TimePoint kStart{1'000'000ms};

std::shared_ptr<RateLimiter> limiter(std::string_view key, std::uint64_t burst = 1, std::uint64_t per_minute = 5) {
  return std::make_shared<RateLimiter>(
      RateLimiter::Options{.key = RateKey::parse(key).value(),
                           .buckets = {.requests = per_minute, .per = 1min, .burst = burst, .slots = 64}});
}

http::Response hello(const http::Request&) { return http::ok("hello"); }

http::Response ask(const RateLimit& handler, ParsedRequest& request, std::string_view peer = "192.0.2.1:1",
                   TimePoint now = kStart) {
  request->set_peer(net::SocketAddr::parse(peer), false);
  request->set_arrival(now);
  return test::answer(handler, request);
}

bool passes(const RateLimit& handler, std::string_view fields, std::string_view peer = "192.0.2.1:1") {
  ParsedRequest request("GET", "/", fields);
  return ask(handler, request, peer).ok();
}

TEST(RateLimit, H_36_ARefusalSaysWhenToComeBackAndWhy) {
  const RateLimit handler(Limiters{limiter("client_ip", 2)}, hello);
  ParsedRequest request("GET", "/");
  EXPECT_TRUE(ask(handler, request).ok());
  EXPECT_FALSE(ask(handler, request).headers.contains("RateLimit-Limit"));
  const http::Response refusal = ask(handler, request, "192.0.2.1:2", kStart + 500ms);
  EXPECT_EQ(refusal.status, http::Status::kTooManyRequests);
  EXPECT_EQ(refusal.why, Reason::kRateLimited);
  EXPECT_FALSE(refusal.close);
  EXPECT_EQ(refusal.headers.get("Retry-After"), "12") << "11.5 s, rounded up";
  EXPECT_EQ(refusal.headers.get("RateLimit-Limit"), "2");
  EXPECT_EQ(refusal.headers.get("RateLimit-Remaining"), "0");
  EXPECT_EQ(refusal.headers.get("RateLimit-Reset"), "12");
  EXPECT_EQ(refusal.headers.get("Cache-Control"), "no-store");
  EXPECT_TRUE(ask(handler, request, "192.0.2.1:3", kStart + 12s).ok());
}

TEST(RateLimit, H_36_RetryAfterIsNeverZero) {
  const RateLimit handler(Limiters{limiter("client_ip", 1, 600'000)}, hello);
  ParsedRequest request("GET", "/");
  EXPECT_TRUE(ask(handler, request).ok());
  EXPECT_EQ(ask(handler, request).headers.get("Retry-After"), "1");
}

TEST(RateLimit, AnswersBeforeTheContentIsRead) {
  const RateLimit handler(Limiters{limiter("client_ip")}, hello);
  ParsedRequest request("POST", "/", "Content-Length: 5\r\n");
  request->set_arrival(kStart);
  EXPECT_NE(handler(*request).later(), nullptr) << "a plain handler waits for the content";
  EXPECT_EQ(ask(handler, request, "0.0.0.0:0").status, http::Status::kTooManyRequests);
}

TEST(RateLimit, TheReplyMayBe503AndNothingElse) {
  const runtime::TokenBuckets::Options one{.requests = 1, .per = 1min};
  const auto shedding =
      std::make_shared<RateLimiter>(RateLimiter::Options{.buckets = one, .reply = http::Status::kServiceUnavailable});
  const RateLimit handler(Limiters{shedding}, hello);
  ParsedRequest request("GET", "/");
  EXPECT_TRUE(ask(handler, request).ok());
  EXPECT_EQ(ask(handler, request).status, http::Status::kServiceUnavailable);
  EXPECT_THROW(RateLimiter({.buckets = one, .reply = http::Status::kForbidden}), runtime::RateLimitError);
  EXPECT_THROW(RateLimiter({.key = {.kind = RateKey::Kind::kHeader, .name = "a b"}, .buckets = one}),
               runtime::RateLimitError);
  EXPECT_THROW(RateLimiter({}), runtime::RateLimitError);
}

TEST(RateLimit, ClientsAreAddressesOrNetworksOf64Bits) {
  struct Case {
    const char* first;
    const char* second;
    bool same;
  };
  for (const auto& [first, second, same] : {
           Case{"192.0.2.1:1", "192.0.2.1:2", true},
           Case{"192.0.2.1:1", "192.0.2.2:1", false},
           Case{"192.0.2.1:1", "[::ffff:192.0.2.1]:1", true},
           Case{"[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.2]:1", false},
           Case{"[2001:db8::1]:1", "[2001:db8::ffff:ffff:ffff:ffff]:1", true},
           Case{"[2001:db8::1]:1", "[2001:db8:0:1::1]:1", false},
           Case{"[::1]:1", "0.0.0.0:1", false},
       }) {
    const RateLimit handler(Limiters{limiter("client_ip")}, hello);
    EXPECT_TRUE(passes(handler, "", first));
    EXPECT_EQ(passes(handler, "", second), !same) << first << ' ' << second;
  }
}

TEST(RateLimit, TheClientIsTheOneThatATrustedProxyNames) {
  const RateLimit handler(Limiters{limiter("client_ip")}, hello);
  for (const char* client : {"203.0.113.1", "203.0.113.2"}) {
    ParsedRequest request("GET", "/");
    request->set_peer(net::SocketAddr::parse("192.0.2.1:1"), false);
    request->set_client(net::IpAddr::parse(client));
    request->set_arrival(kStart);
    EXPECT_TRUE(test::answer(handler, request).ok()) << client;
    EXPECT_FALSE(test::answer(handler, request).ok()) << client;
  }
}

// Each step asks in turn: the fields, and whether the request passes with a burst of 1.
TEST(RateLimit, CountsByValueAndByAddressWithoutOne) {
  struct Step {
    const char* fields;
    const char* peer;
    bool passes;
  };
  const auto run = [](std::string_view key, std::initializer_list<Step> steps) {
    const RateLimit handler(Limiters{limiter(key)}, hello);
    for (const Step& step : steps)
      EXPECT_EQ(passes(handler, step.fields, step.peer), step.passes) << key << step.fields;
  };
  constexpr const char* kA = "192.0.2.1:1";
  constexpr const char* kB = "192.0.2.2:1";
  run("header:X-Key", {{"X-Key: one\r\n", kA, true},
                       {"x-key: one\r\n", kB, false},
                       {"X-Key: two\r\n", kA, true},
                       {"", kA, true},
                       {"X-Key:\r\n", kA, false},
                       {"X-Key: three\r\nX-Key: four\r\n", kA, false},
                       {"X-Key: five\r\nX-Key: six\r\n", kB, true},
                       {"X-Key: five\r\n", kB, true}});
  run("cookie:sid", {{"Cookie: sid=one\r\n", kA, true},
                     {"Cookie: a=b; sid=one; c=d\r\n", kB, false},
                     {"Cookie: sid=two\r\n", kA, true},
                     {"Cookie: a=b\r\n", kA, true},
                     {"", kA, false},
                     {"Cookie: sid=\r\n", kA, false},
                     {"Cookie: sid=three; sid=four\r\n", kA, false},
                     {"Cookie: sid=three\r\nCookie: sid=four\r\n", kA, false},
                     {"Cookie: sid=three\r\n", kA, true}});
}

TEST(RateLimit, NoValuePosesAsAnAddress) {
  const RateLimit handler(Limiters{limiter("header:X-Key")}, hello);
  EXPECT_TRUE(passes(handler, "", "97.98.99.100:1"));
  EXPECT_TRUE(passes(handler, "X-Key: abcd\r\n", "192.0.2.1:1")) << "the bytes of that address";
}

TEST(RateLimit, CountsByRoute) {
  const RateLimit handler(Limiters{limiter("route")}, hello);
  for (const auto& [name, expected] : {std::pair{"a", true}, std::pair{"b", true}, std::pair{"a", false}}) {
    ParsedRequest request("GET", "/");
    request->set_route(name, true);
    EXPECT_EQ(ask(handler, request).ok(), expected) << name;
  }
}

TEST(RateLimit, CountsByHostNameHoweverItIsWritten) {
  const RateLimit handler(Limiters{limiter("host")}, hello);
  for (const auto& [target, expected] :
       {std::pair{"http://example.net/", true}, std::pair{"http://EXAMPLE.net.:80/", false},
        std::pair{"http://www.example.net/", true}, std::pair{"/", true}, std::pair{"http://Example.com/", false}}) {
    ParsedRequest request("GET", target);
    EXPECT_EQ(ask(handler, request).ok(), expected) << target;
  }
}

TEST(RateLimit, AllLimitersMustAgreeAndARefusalCostsNone) {
  const auto wide = limiter("client_ip", 2);
  const auto narrow = limiter("host", 1);
  const RateLimit both(Limiters{wide, narrow}, hello);
  const RateLimit first(Limiters{wide}, hello);
  EXPECT_TRUE(passes(both, ""));
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(passes(both, ""));
  EXPECT_TRUE(passes(first, "")) << "five refusals have left the second token where it was";
  EXPECT_FALSE(passes(first, ""));
}

TEST(RateLimit, HandlersThatShareALimiterShareItsBuckets) {
  const auto shared = limiter("client_ip", 2);
  const RateLimit one(Limiters{shared}, hello);
  const RateLimit other(Limiters{shared}, hello);
  EXPECT_TRUE(passes(one, ""));
  EXPECT_TRUE(passes(other, ""));
  EXPECT_FALSE(passes(one, ""));
  EXPECT_FALSE(passes(other, ""));
}

TEST(RateKey, IsReadAndWrittenAlike) {
  for (const char* text : {"client_ip", "header:X-Api-Key", "cookie:__Host-id", "route", "host"}) {
    ASSERT_TRUE(RateKey::parse(text)) << text;
    EXPECT_EQ(RateKey::parse(text)->to_string(), text);
  }
  for (const char* text :
       {"", "Client_ip", "ip", "header", "header:", "header: X", "cookie:a=b", "cookie:a;", "query:x"})
    EXPECT_FALSE(RateKey::parse(text)) << text;
}

}  // namespace
}  // namespace flare::handlers
