#include "flare/handlers/upstream/discovery.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "support/dns_server.h"

namespace flare::handlers {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A pool whose names a real name server on loopback answers, looked up again every few milliseconds.
class DiscoveryTest : public testing::Test {
 protected:
  void start(UpstreamOptions options) {
    options.name = "app";
    options.resolve.min_ttl = options.resolve.max_ttl = milliseconds(5);
    pool = std::make_shared<UpstreamPool>(std::move(options));
    discovery.emplace(pool, worker, resolver, stop, [this](const std::string& text) { told.push_back(text); });
    worker.spawn(discovery->run([this] { looked = true; }));
    until([this] { return looked; });
  }
  ~DiscoveryTest() override {
    stop.cancel();
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
  dns::Resolver resolver{worker, {.servers = {dns.address()}, .timeout = seconds(20), .tries = 1}};
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

}  // namespace
}  // namespace flare::handlers
