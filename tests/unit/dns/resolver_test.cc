#include "flare/dns/resolver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "support/dns_server.h"

namespace flare::dns {
namespace {

using runtime::Task;
using std::chrono::milliseconds;
using std::chrono::seconds;

Task<void> resolve_into(Resolver& resolver, std::string name, Family family, runtime::Cancellation* cancelled,
                        std::optional<Result<Answer>>& out) {
  out.emplace(co_await resolver.resolve(std::move(name), family, cancelled));
}
Task<void> resolve_service_into(Resolver& resolver, std::string name,
                                std::optional<Result<std::vector<Service>>>& out) {
  out.emplace(co_await resolver.resolve_service(std::move(name)));
}
Task<void> cancel_after(runtime::Worker& worker, milliseconds time, runtime::Cancellation& cancellation) {
  co_await worker.sleep(time);
  cancellation.cancel();
}

class ResolverTest : public testing::Test {
 protected:
  ResolverTest() { resolver.emplace(worker, options()); }

  ResolverOptions options(milliseconds timeout = seconds(20), int tries = 1) const {
    return {.servers = {server.address()}, .timeout = timeout, .tries = tries};
  }
  Result<Answer> resolve(const std::string& name, Family family = Family::kAny,
                         runtime::Cancellation* cancelled = nullptr) {
    std::optional<Result<Answer>> out;
    worker.spawn(resolve_into(*resolver, name, family, cancelled, out));
    for (int turns = 0; !out && turns < 10'000; ++turns) worker.run_once(milliseconds(1000));
    return *out;
  }
  static std::set<std::string> addresses(const Result<Answer>& answer) {
    std::set<std::string> texts;
    if (!answer) return texts;
    for (const Address& address : answer->addresses)
      texts.insert(address.ip.to_string() + " " + std::to_string(address.ttl.count()));
    return texts;
  }
  static Error upstream(ErrorKind kind, Reason reason) {
    return {.kind = kind, .source = ErrorSource::kUpstream, .reason = reason};
  }

  test::DnsServer server;
  runtime::Worker worker;
  std::optional<Resolver> resolver;
};

TEST_F(ResolverTest, GivesBothFamiliesWithTheirTtls) {
  const auto answer = resolve("host.example.com.");
  EXPECT_EQ(addresses(answer), (std::set<std::string>{"192.0.2.1 60", "192.0.2.2 30", "2001:db8::1 90"}));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->ttl, seconds(30));
}

TEST_F(ResolverTest, AsksForOneFamilyAlone) {
  EXPECT_EQ(addresses(resolve("host.example.com.", Family::kV6)), (std::set<std::string>{"2001:db8::1 90"}));
  EXPECT_EQ(server.over_udp(), 1);
  EXPECT_EQ(addresses(resolve("host.example.com.", Family::kV4)).size(), 2U);
}

TEST_F(ResolverTest, OneFamilyIsEnough) { EXPECT_EQ(addresses(resolve("v4.example.com.")).size(), 2U); }

TEST_F(ResolverTest, WhatIsTruncatedIsAskedForOverTcp) {
  EXPECT_EQ(addresses(resolve("large.example.com.")).size(), 3U);
  EXPECT_GE(server.over_tcp(), 1);
}

TEST_F(ResolverTest, ANumericAddressIsItsOwnAnswer) {
  const auto v4 = resolve("192.0.2.7");
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->addresses.front().ip, net::IpAddr::parse("192.0.2.7"));
  EXPECT_EQ(v4->ttl, seconds::max());
  EXPECT_TRUE(resolve("2001:db8::7", Family::kV6));
  const auto wrong = resolve("2001:db8::7", Family::kV4);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error(), upstream(ErrorKind::kAddressNotAvailable, Reason::kNameNotFound));
  EXPECT_EQ(server.over_udp(), 0);
}

TEST_F(ResolverTest, TheHostsFileComesFirst) {
  const auto answer = resolve("localhost");
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->addresses.front().ip.is_loopback());
  EXPECT_EQ(server.over_udp(), 0);
}

TEST_F(ResolverTest, FailuresAreTold) {
  const auto nobody = resolve("nobody.example.com.");
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error(), upstream(ErrorKind::kAddressNotAvailable, Reason::kNameNotFound));
  const auto none = resolve("v4.example.com.", Family::kV6);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error(), upstream(ErrorKind::kAddressNotAvailable, Reason::kNameNotFound));
  const auto failing = resolve("fail.example.com.");
  ASSERT_FALSE(failing);
  EXPECT_EQ(failing.error(), upstream(ErrorKind::kUnreachable, Reason::kDnsFailed));
  const auto impossible = resolve("a..b");
  ASSERT_FALSE(impossible);
  EXPECT_EQ(impossible.error(), upstream(ErrorKind::kAddressNotAvailable, Reason::kNameNotFound));
}

TEST_F(ResolverTest, SilenceAndGarbageEndInATimeoutOrAFailure) {
  resolver.emplace(worker, options(milliseconds(200), 2));
  const auto silent = resolve("silent.example.com.", Family::kV4);
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error(), upstream(ErrorKind::kTimeout, Reason::kDnsTimeout));
  EXPECT_EQ(server.over_udp(), 2) << "each try is a question";
  const auto garbage = resolve("garbage.example.com.", Family::kV4);
  ASSERT_FALSE(garbage);
  EXPECT_TRUE(garbage.error().reason == Reason::kDnsFailed || garbage.error().reason == Reason::kDnsTimeout);
  EXPECT_TRUE(resolve("host.example.com.")) << "and the next one is answered";
}

TEST_F(ResolverTest, ACancellationEndsTheWaitAndNothingElse) {
  runtime::Cancellation cancellation;
  worker.spawn(cancel_after(worker, milliseconds(20), cancellation));
  const auto given_up = resolve("silent.example.com.", Family::kV4, &cancellation);
  ASSERT_FALSE(given_up);
  EXPECT_EQ(given_up.error(), upstream(ErrorKind::kCancelled, Reason::kNone));
  EXPECT_FALSE(resolve("host.example.com.", Family::kV4, &cancellation)) << "cancelled before it began";
  EXPECT_TRUE(resolve("host.example.com."));
}

TEST_F(ResolverTest, ManyAskAtOnce) {
  std::vector<std::optional<Result<Answer>>> answers(50);
  for (auto& answer : answers)
    worker.spawn(resolve_into(*resolver, "host.example.com.", Family::kAny, nullptr, answer));
  for (int turns = 0; !std::ranges::all_of(answers, [](const auto& a) { return a.has_value(); }) && turns < 10'000;
       ++turns)
    worker.run_once(milliseconds(1000));
  for (const auto& answer : answers) EXPECT_EQ(addresses(*answer).size(), 3U);
}

TEST_F(ResolverTest, GivesServicesByPriorityWithoutTheEmptyOne) {
  std::optional<Result<std::vector<Service>>> out;
  worker.spawn(resolve_service_into(*resolver, "_http._tcp.example.com.", out));
  for (int turns = 0; !out && turns < 10'000; ++turns) worker.run_once(milliseconds(1000));
  ASSERT_TRUE(out && *out);
  const std::vector<Service>& services = **out;
  ASSERT_EQ(services.size(), 2U);
  EXPECT_EQ(services[0].target, "a._http._tcp.example.com");
  EXPECT_EQ(services[0].port, 80);
  EXPECT_EQ(services[0].priority, 10);
  EXPECT_EQ(services[0].weight, 5);
  EXPECT_EQ(services[0].ttl, seconds(20));
  EXPECT_EQ(services[1].target, "b.example.com");
}

TEST_F(ResolverTest, EndsWithQuestionsUnderWay) {
  std::optional<Result<Answer>> out;
  worker.spawn(resolve_into(*resolver, "silent.example.com.", Family::kAny, nullptr, out));
  worker.run_once(milliseconds(0));
  resolver.reset();
  EXPECT_FALSE(out);
}

TEST(ResolverOptions, AServerThatIsNoAddressIsTheOperatorsMistake) {
  runtime::Worker worker;
  EXPECT_THROW(Resolver(worker, {.servers = {"not an address"}}), ResolverError);
}

}  // namespace
}  // namespace flare::dns
