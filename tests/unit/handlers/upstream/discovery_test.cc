#include "flare/handlers/upstream/discovery.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "flare/handlers/upstream/upstream_watch.h"
#include "support/dns_server.h"

namespace flare::handlers {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A pool whose names a real name server on loopback answers, looked up again every few milliseconds.
class DiscoveryTest : public testing::Test {
 protected:
  void start(UpstreamOptions options) {
    begin(std::move(options));
    until([this] { return looked; });
  }
  void begin(UpstreamOptions options) {
    options.name = "app";
    options.resolve.min_ttl = options.resolve.max_ttl = milliseconds(5);
    pool = std::make_shared<UpstreamPool>(std::move(options));
    discovery.emplace(pool, worker, *resolver, stop, [this](const std::string& text) { told.push_back(text); });
    discovery->start([this] { looked = true; });
  }
  void look_a_few_times() {
    const int asked = dns.over_udp();
    until([&] { return dns.over_udp() >= asked + 6; });
  }
  ~DiscoveryTest() override {
    stop.cancel();
    resolver.reset();
    until([this] { return worker.active_tasks() == 0; });
  }
  template <class F>
  void until(F holds) {
    for (int turns = 0; !holds() && turns < 10'000; ++turns) worker.run_once(milliseconds(100));
    ASSERT_TRUE(holds());
  }
  [[nodiscard]] std::vector<std::string> members() const {
    std::vector<std::string> texts;
    for (const auto& member : pool->members()) {
      std::string text = member.server->address + " x" + std::to_string(member.server->weight);
      if (member.server->backup) text += " backup";
      for (const net::Endpoint& where : member.where) text += " " + where.to_string();
      texts.push_back(text);
    }
    std::ranges::sort(texts);
    return texts;
  }
  static UpstreamOptions discover(const std::string& name, DiscoverOptions::Type type, bool keep = true) {
    UpstreamOptions options;
    options.discover = {.name = name, .port = 8080, .type = type, .keep = keep};
    return options;
  }

  test::DnsServer dns;
  runtime::Worker worker;
  std::optional<dns::Resolver> resolver{std::in_place, worker, dns::ResolverOptions{{dns.address()}, seconds(20), 1}};
  runtime::Cancellation stop;
  std::shared_ptr<UpstreamPool> pool;
  std::vector<std::string> told;
  std::optional<Discovery> discovery;
  bool looked = false;
};

using enum DiscoverOptions::Type;
using Texts = std::vector<std::string>;

TEST_F(DiscoveryTest, EachAddressIsAServer) {  // P-19
  start(discover("host.example.com", kBoth));
  EXPECT_EQ(members(), (Texts{"192.0.2.1:8080 x1 192.0.2.1:8080", "192.0.2.2:8080 x1 192.0.2.2:8080",
                              "[2001:db8::1]:8080 x1 [2001:db8::1]:8080"}));
  EXPECT_EQ(told, Texts{});
}

TEST_F(DiscoveryTest, OneFamilyAlone) {
  start(discover("host.example.com", kV6));
  EXPECT_EQ(members(), (Texts{"[2001:db8::1]:8080 x1 [2001:db8::1]:8080"}));
}

TEST_F(DiscoveryTest, ServicesHaveWeightsAndTheirLaterPrioritiesAreBackups) {
  start(discover("_http._tcp.example.com", kService));
  const auto found = members();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_TRUE(found[0].starts_with("a._http._tcp.example.com:80 x5 192.0.2.")) << found[0];
  EXPECT_TRUE(found[1].starts_with("b.example.com:8080 x5 backup 192.0.2.")) << found[1];
}

TEST_F(DiscoveryTest, NamesAreAskedForAgainWhenTheirTimeHasPassed) {
  start(discover("v4.example.com", kV4));
  const auto before = pool->members();
  const int asked = dns.over_udp();
  until([&] { return dns.over_udp() >= asked + 3; });
  EXPECT_EQ(pool->members()[0].server, before[0].server) << "who is found again is the same server";
  EXPECT_FALSE(before[0].server->draining);
}

TEST_F(DiscoveryTest, AnUnknownNameStopsNothingAndIsToldOnce) {
  start(discover("nobody.example.com", kBoth));
  EXPECT_EQ(members(), Texts{});
  const int asked = dns.over_udp();
  until([&] { return dns.over_udp() >= asked + 4; });
  ASSERT_EQ(told.size(), 1U);
  EXPECT_TRUE(told[0].starts_with("upstream app: nobody.example.com does not resolve (")) << told[0];
}

TEST_F(DiscoveryTest, TheLastGoodAnswerHolds) {  // P-19: NXDOMAIN
  start(discover("passing.example.com", kV4));
  const auto before = members();
  ASSERT_EQ(before.size(), 2U);
  dns.pass();
  until([this] { return !told.empty(); });
  const int asked = dns.over_udp();
  until([&] { return dns.over_udp() >= asked + 2; });
  EXPECT_EQ(members(), before);
}

TEST_F(DiscoveryTest, WhatIsNotToBeKeptDrains) {
  start(discover("passing.example.com", kV4, false));
  const auto before = pool->members();
  ASSERT_EQ(before.size(), 2U);
  dns.pass();
  until([this] { return members().empty(); });
  for (const auto& member : before) EXPECT_TRUE(member.server->draining);
}

TEST_F(DiscoveryTest, TheLastGoodAnswerEndsWithStale) {  // P-19
  UpstreamOptions options = discover("passing.example.com", kV4);
  options.resolve.stale = milliseconds(300);
  start(std::move(options));
  const auto before = pool->members();
  ASSERT_EQ(before.size(), 2U);
  const auto good = worker.now();
  dns.pass();
  until([this] { return members().empty(); });
  EXPECT_GE(worker.now() - good, milliseconds(200)) << "not before";
  for (const auto& member : before) EXPECT_TRUE(member.server->draining);
}

TEST_F(DiscoveryTest, AServerWhoseNameIsGoneForTooLongIsNowhere) {
  UpstreamOptions options;
  options.servers.push_back({.address = "passing.example.com:80"});
  options.resolve.stale = milliseconds(300);
  start(std::move(options));
  const auto before = pool->members();
  ASSERT_EQ(before[0].where.size(), 2U);
  dns.pass();
  until([this] { return pool->members()[0].where.empty(); });
  EXPECT_EQ(pool->members()[0].server, before[0].server);
}

TEST_F(DiscoveryTest, AServiceWhoseAddressFailsIsKept) {
  start(discover("_pair._tcp.example.com", kService));
  const auto before = pool->members();
  ASSERT_EQ(before.size(), 2U);
  dns.pass();
  look_a_few_times();
  EXPECT_EQ(members().size(), 2U);
  for (const auto& member : before) EXPECT_FALSE(member.server->draining) << member.server->address;
}

TEST_F(DiscoveryTest, AServiceWhoseAddressFailsForTooLongIsNot) {
  UpstreamOptions options = discover("_pair._tcp.example.com", kService);
  options.resolve.stale = milliseconds(200);
  start(std::move(options));
  dns.pass();
  until([this] { return members().size() == 1; });
  look_a_few_times();
  ASSERT_EQ(members().size(), 1U);
  EXPECT_TRUE(members()[0].starts_with("v4.example.com:80 ")) << members()[0];
}

TEST_F(DiscoveryTest, OneNameDoesNotHoldBackTheOthers) {
  UpstreamOptions options;
  options.servers.push_back({.address = "silent.example.com:80"});
  options.servers.push_back({.address = "v4.example.com:80"});
  begin(std::move(options));
  until([this] { return !pool->members()[1].where.empty(); });
  EXPECT_FALSE(looked);
}

TEST_F(DiscoveryTest, TtlsAreClamped) {
  const auto once_a = [](milliseconds min_ttl, milliseconds max_ttl) {
    UpstreamOptions options = discover("brief.example.com", kV4);
    options.resolve.min_ttl = min_ttl;
    options.resolve.max_ttl = max_ttl;
    return std::make_shared<UpstreamPool>(std::move(options));
  };
  const auto nothing = [](const std::string&) {};
  test::DnsServer of_longer, of_shorter;
  dns::Resolver longer{worker, {.servers = {of_longer.address()}}};
  dns::Resolver shorter{worker, {.servers = {of_shorter.address()}}};
  dns::Resolver as_told{worker, {.servers = {dns.address()}}};
  Discovery at_least(once_a(std::chrono::hours(1), std::chrono::hours(2)), worker, longer, stop, nothing);
  Discovery at_most(once_a(milliseconds(1), milliseconds(100)), worker, shorter, stop, nothing);
  Discovery unclamped(once_a(milliseconds(1), std::chrono::hours(2)), worker, as_told, stop, nothing);
  for (Discovery* each : {&at_least, &at_most, &unclamped}) each->start([] {});
  until([this] { return dns.over_udp() == 3; });  // so two of its TTLs, of a second each, have passed
  EXPECT_EQ(of_longer.over_udp(), 1) << "not before min_ttl";
  EXPECT_GE(of_shorter.over_udp(), 6) << "no later than max_ttl";
  stop.cancel();
  until([this] { return worker.active_tasks() == 0; });
}

TEST_F(DiscoveryTest, AServersNameHasAllItsAddresses) {
  UpstreamOptions options;
  options.servers.push_back({.address = "host.example.com:80", .weight = 3});
  options.servers.push_back({.address = "192.0.2.9:80"});
  start(std::move(options));
  const auto found = members();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0], "192.0.2.9:80 x1 192.0.2.9:80");
  EXPECT_TRUE(found[1].starts_with("host.example.com:80 x3 ")) << found[1];
  EXPECT_NE(found[1].find("[2001:db8::1]:80"), std::string::npos) << found[1];
  EXPECT_NE(found[1].find("192.0.2.2:80"), std::string::npos) << found[1];
}

TEST(UpstreamWatch, EndsAtOnceWhereNobodyAnswers) {
  test::DnsServer dns;
  UpstreamOptions options;
  options.servers.push_back({.address = "silent.example.com:80"});
  const auto pool = std::make_shared<UpstreamPool>(std::move(options));
  const auto begin = std::chrono::steady_clock::now();
  {
    UpstreamWatch watch({pool}, [](const std::string&) {}, {{dns.address()}, seconds(60), 1});
    while (dns.over_udp() == 0) std::this_thread::yield();
    EXPECT_FALSE(watch.wait_for_names(milliseconds(1)));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(30));
}

}  // namespace
}  // namespace flare::handlers
