#include "flare/handlers/upstream/upstream_pool.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace flare::handlers {
namespace {

using enum Breaker::Admission;

UpstreamOptions of(int servers) {
  UpstreamOptions options;
  for (int i = 1; i <= servers; ++i) options.servers.push_back({.address = "192.0.2." + std::to_string(i) + ":80"});
  return options;
}

std::int64_t ms(std::int64_t count) { return count * 1'000'000; }

TEST(UpstreamPool, RefusesWhatIsNoServer) {
  EXPECT_THROW(UpstreamPool(UpstreamOptions{}), UpstreamError);
  UpstreamOptions options;
  options.servers.push_back({.address = "192.0.2.1"});
  EXPECT_THROW(UpstreamPool{options}, UpstreamError);
}

TEST(UpstreamPool, NamesAndChecksWantAWatch) {
  EXPECT_FALSE(UpstreamPool(of(2)).wants_watch());
  UpstreamOptions named = of(1);
  named.servers.push_back({.address = "app.internal:80"});
  EXPECT_TRUE(UpstreamPool(named).wants_watch());
  UpstreamOptions checked = of(1);
  checked.health.emplace();
  EXPECT_TRUE(UpstreamPool(checked).wants_watch());
}

TEST(UpstreamPool, EjectsWhoFailsTooOftenForAWhile) {
  UpstreamOptions options = of(3);
  options.eject = {.errors = 3, .window = std::chrono::milliseconds(100), .duration = std::chrono::milliseconds(1000)};
  UpstreamPool pool(options);
  UpstreamServer& server = *pool.members()[0].server;
  pool.failed(server, kYes, ms(1));
  pool.failed(server, kYes, ms(2));
  pool.failed(server, kYes, ms(200));  // another window
  EXPECT_EQ(server.ejected_until, 0);
  pool.failed(server, kYes, ms(210));
  pool.failed(server, kYes, ms(220));
  EXPECT_EQ(server.ejected_until, ms(1220));
  EXPECT_EQ(server.up_since, ms(1220)) << "it comes back by slow start";
}

TEST(UpstreamPool, NeverEjectsMoreThanItMay) {
  UpstreamOptions options = of(4);
  options.eject = {.errors = 1, .max_ejected = 0.5};
  UpstreamPool pool(options);
  int out = 0;
  for (const auto& member : pool.members()) {
    pool.failed(*member.server, kYes, ms(1));
    out += member.server->ejected_until != 0 ? 1 : 0;
  }
  EXPECT_EQ(out, 2);
}

TEST(UpstreamPool, WhoIsNoMemberAnyMoreDrains) {
  UpstreamPool pool(of(2));
  const auto before = pool.members();
  const auto generation = pool.generation();
  pool.set_members({before[1]});
  EXPECT_NE(pool.generation(), generation);
  EXPECT_TRUE(before[0].server->draining);
  EXPECT_FALSE(before[1].server->draining);
  pool.set_members(before);
  EXPECT_TRUE(before[0].server->draining) << "a server that comes back is a new one";
}

TEST(UpstreamPool, CookiesNameOneServerAndNobodyCanMakeThem) {
  UpstreamOptions options = of(2);
  options.sticky = {.cookie = "srv"};
  const UpstreamPool pool(options);
  const UpstreamPool other(options);
  const auto members = pool.members();
  const std::string cookie = pool.cookie_for(*members[0].server);
  EXPECT_EQ(cookie.size(), 32U);
  EXPECT_TRUE(pool.is_cookie_for(*members[0].server, cookie));
  EXPECT_FALSE(pool.is_cookie_for(*members[1].server, cookie));
  EXPECT_FALSE(other.is_cookie_for(*members[0].server, cookie));
  for (const std::string_view forged : {"", "0", "192.0.2.1:80", "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"})
    EXPECT_FALSE(pool.is_cookie_for(*members[0].server, forged));
}

TEST(UpstreamPool, OneSecretMakesOneCookieEverywhere) {
  UpstreamOptions options = of(1);
  options.sticky = {.cookie = "srv", .secret = "correct horse battery staple"};
  const UpstreamPool pool(options);
  const UpstreamPool other(options);
  EXPECT_EQ(pool.cookie_for(*pool.members()[0].server), other.cookie_for(*other.members()[0].server));
}

TEST(UpstreamPool, WorkersPickWhileServersFailAndMove) {
  UpstreamOptions options = of(4);
  options.eject.errors = 2;
  options.breaker.emplace();
  UpstreamPool pool(options);
  std::vector<std::thread> workers;
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    workers.emplace_back([&pool, seed] {
      for (int round = 0; round < 200; ++round) {
        Balancer::Servers servers;
        for (const auto& member : pool.members()) servers.push_back(member.server);
        Balancer balancer(servers, pool.options().balance, seed);
        const std::int64_t now = ms(round);
        const Pick pick = balancer.pick({.now = now});
        if (pick.server == nullptr) continue;
        pick.server->in_flight.fetch_add(1);
        pick.server->observe(now, 1000);
        round % 3 == 0 ? pool.failed(*pick.server, pool.admit(now), now) : pool.succeeded(pool.admit(now), now);
        pick.server->in_flight.fetch_sub(1);
      }
    });
  }
  const auto all = pool.members();
  for (int round = 0; round < 200; ++round) pool.set_members({all.begin(), all.begin() + 1 + round % 4});
  for (std::thread& worker : workers) worker.join();
  for (const auto& member : all) EXPECT_EQ(member.server->in_flight, 0U);
}

}  // namespace
}  // namespace flare::handlers
