#include "flare/http/connection_count.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace flare::http {
namespace {

using net::IpAddr;

TEST(ConnectionCount, HoldsTheLimitAndGivesPlacesBack) {
  ConnectionCount count(2, 0);
  const IpAddr client = IpAddr::parse("192.0.2.1");
  {
    const auto first = count.enter(client);
    const auto second = count.enter(client);
    ASSERT_TRUE(first && second);
    const auto third = count.enter(client);
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error(), Reason::kConnections);
    EXPECT_EQ(count.size(), 2U);
  }
  EXPECT_EQ(count.size(), 0U);
  EXPECT_TRUE(count.enter(client));
}

TEST(ConnectionCount, CountsClientsByAddressAndIPv6By64) {
  struct Case {
    const char* one;
    const char* other;
    bool same;
  };
  constexpr Case kCases[] = {
      {"192.0.2.1", "192.0.2.1", true},
      {"192.0.2.1", "192.0.2.2", false},
      {"192.0.2.1", "::ffff:192.0.2.1", true},
      {"2001:db8::1", "2001:db8::ffff:1", true},
      {"2001:db8::1", "2001:db8:0:1::1", false},
      {"::1", "::1", true},
      {"::1", "127.0.0.1", false},
  };
  for (const Case& each : kCases) {
    ConnectionCount count(10, 1);
    const auto first = count.enter(IpAddr::parse(each.one));
    ASSERT_TRUE(first) << each.one;
    const auto second = count.enter(IpAddr::parse(each.other));
    EXPECT_EQ(second.has_value(), !each.same) << each.one << " " << each.other;
    if (!second) {
      EXPECT_EQ(second.error(), Reason::kPerIp);
      EXPECT_EQ(count.size(), 1U) << "who is refused takes no place";
    }
  }
}

TEST(ConnectionCount, UnixSocketsHaveNoAddressToCountBy) {
  ConnectionCount count(3, 1);
  std::vector<ConnectionCount::Place> places;
  for (int i = 0; i < 3; ++i) places.push_back(std::move(count.enter(IpAddr()).value()));
  EXPECT_EQ(count.enter(IpAddr()).error(), Reason::kConnections);
}

TEST(ConnectionCount, IsExactUnderManyThreads) {
  constexpr int kThreads = 4;
  constexpr std::uint32_t kLimit = 10;
  ConnectionCount count(1000, kLimit);
  std::atomic<std::uint32_t> inside{0};
  std::atomic<bool> exceeded{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 2000; ++round) {
        std::vector<ConnectionCount::Place> mine;
        for (int j = 0; j < 4; ++j) {
          auto place = count.enter(IpAddr::localhost());
          if (!place) continue;
          if (inside.fetch_add(1) >= kLimit) exceeded = true;
          mine.push_back(std::move(*place));
        }
        inside.fetch_sub(static_cast<std::uint32_t>(mine.size()));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(exceeded);
  EXPECT_EQ(count.size(), 0U);
  EXPECT_TRUE(count.enter(IpAddr::localhost()));
}

}  // namespace
}  // namespace flare::http
