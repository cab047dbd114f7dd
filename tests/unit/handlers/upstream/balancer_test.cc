#include "flare/handlers/upstream/balancer.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace flare::handlers {
namespace {

Balancer::Servers pool(std::initializer_list<std::uint32_t> weights) {
  Balancer::Servers servers;
  for (const auto weight : weights) {
    servers.push_back(std::make_shared<UpstreamServer>());
    servers.back()->address = "192.0.2." + std::to_string(servers.size()) + ":80";
    servers.back()->weight = weight;
  }
  return servers;
}

std::map<const UpstreamServer*, int> picks(Balancer& balancer, int count, std::int64_t now = 1) {
  std::map<const UpstreamServer*, int> counts;
  for (int i = 0; i < count; ++i)
    ++counts[balancer.pick({.now = now, .hash = static_cast<std::uint64_t>(i) * 0x9e3779b97f4a7c15U}).server];
  return counts;
}

TEST(Balancer, RoundRobinHonoursWeights) {
  const auto servers = pool({3, 1});
  Balancer balancer(servers, {.policy = Balance::kRoundRobin}, 7);
  EXPECT_NEAR(picks(balancer, 4000)[servers[0].get()], 3000, 4);
}

TEST(Balancer, SlowStartBeginsWithATenth) {
  const auto servers = pool({1, 1});
  servers[1]->up_since = 100;
  Balancer balancer(servers, {.policy = Balance::kRoundRobin, .slow_start = 1000}, 7);
  EXPECT_NEAR(picks(balancer, 1100, 100)[servers[1].get()], 100, 4);
}

TEST(Balancer, LeastConnLevels) {
  const auto servers = pool({2, 1});
  Balancer balancer(servers, {.policy = Balance::kLeastConn}, 7);
  for (int i = 0; i < 300; ++i) ++balancer.pick({.now = 1}).server->in_flight;
  EXPECT_NEAR(servers[0]->in_flight, 200, 2);
}

TEST(Balancer, LeastConnSpreadsAmongEquals) {
  const auto servers = pool({1, 1, 1});
  Balancer balancer(servers, {.policy = Balance::kLeastConn}, 7);
  const auto counts = picks(balancer, 900);
  for (const auto& server : servers) EXPECT_NEAR(counts.at(server.get()), 300, 30);
}

TEST(Balancer, LeastConnGoesByWeightWhereNobodyIsBusy) {
  const auto servers = pool({2, 1});
  servers[1]->up_since = 100;
  Balancer balancer(servers, {.policy = Balance::kLeastConn, .slow_start = 1000}, 7);
  EXPECT_NEAR(picks(balancer, 2100, 100)[servers[1].get()], 100, 30) << "a tenth of its weight at first";
  EXPECT_NEAR(picks(balancer, 900, 1100)[servers[1].get()], 300, 40);
}

TEST(Balancer, P2cPrefersTheFastServer) {
  const auto servers = pool({1, 1, 1});
  for (const auto& server : servers) server->ewma = 10'000;
  servers[0]->ewma = 1'000;
  Balancer balancer(servers, {}, 7);
  EXPECT_NEAR(picks(balancer, 3000)[servers[0].get()], 2000, 150);  // it is in two of three pairs
}

TEST(Balancer, HashMovesOnlyTheKeysOfWhoLeaves) {
  const auto servers = pool({1, 1, 2, 1});
  Balancer balancer(servers, {.policy = Balance::kHash}, 7);
  std::vector<const UpstreamServer*> before;
  for (std::uint64_t i = 0; i < 5000; ++i) before.push_back(balancer.pick({.now = 1, .hash = i << 32}).server);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(before, servers[2].get())), 2000, 180);
  servers[0]->draining = true;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    const auto* after = balancer.pick({.now = 1, .hash = i << 32}).server;
    if (before[i] == servers[0].get())
      EXPECT_NE(after, servers[0].get());
    else
      EXPECT_EQ(after, before[i]);
  }
}

TEST(Balancer, BackupsServeOnlyWhereNoPrimaryCan) {
  const auto servers = pool({1, 1});
  servers[1]->backup = true;
  Balancer balancer(servers, {}, 7);
  EXPECT_EQ(balancer.pick({.now = 1}).server, servers[0].get());
  servers[0]->ejected_until = 5;
  EXPECT_EQ(balancer.pick({.now = 1}).server, servers[1].get());
  EXPECT_EQ(balancer.pick({.now = 5}).server, servers[0].get());
}

TEST(Balancer, TellsBusyFromSickAndPanicsWhereAsked) {
  const auto servers = pool({1});
  servers[0]->max_conns = 1;
  servers[0]->in_flight = 1;
  Balancer calm(servers, {}, 7);
  EXPECT_EQ(calm.pick({.now = 1}).why, NoServer::kAllBusy);
  servers[0]->in_flight = 0;
  servers[0]->health = Health::kDown;
  EXPECT_EQ(calm.pick({.now = 1}).why, NoServer::kNoneHealthy);
  Balancer panicking(servers, {.serve_all = true}, 7);
  EXPECT_EQ(panicking.pick({.now = 1}).server, servers[0].get());
}

}  // namespace
}  // namespace flare::handlers
