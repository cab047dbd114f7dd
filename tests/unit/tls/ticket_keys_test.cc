#include "flare/tls/ticket_keys.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <stdexcept>
#include <thread>
#include <vector>

namespace flare::tls {
namespace {

using std::chrono::seconds;
using Name = std::array<unsigned char, 16>;

const TicketKeys::Clock::time_point kStart{std::chrono::hours(1000)};

Name name_at(TicketKeys& keys, TicketKeys::Clock::time_point now) { return keys.current(now).name; }

TEST(TicketKeys, SealForOneRotation) {
  TicketKeys keys(seconds(60), 2, kStart);
  const Name first = name_at(keys, kStart);
  EXPECT_EQ(name_at(keys, kStart + seconds(59)), first);
  const Name second = name_at(keys, kStart + seconds(60));
  EXPECT_NE(second, first);
  EXPECT_EQ(name_at(keys, kStart + seconds(119)), second);
}

TEST(TicketKeys, AreRandomInEveryPart) {
  TicketKeys keys(seconds(60), 0, kStart);
  const TicketKeys::Key one = keys.current(kStart);
  const TicketKeys::Key other = keys.current(kStart + seconds(60));
  EXPECT_NE(one.name, other.name);
  EXPECT_NE(one.cipher, other.cipher);
  EXPECT_NE(one.mac, other.mac);
  EXPECT_NE(one.cipher, one.mac);
}

TEST(TicketKeys, OpenForAsManyRotationsAsAreKept) {
  for (const std::size_t keep : {0U, 1U, 2U, 5U}) {
    TicketKeys keys(seconds(60), keep, kStart);
    const Name name = name_at(keys, kStart);
    const auto cipher = keys.current(kStart).cipher;
    EXPECT_TRUE(keys.find(name, kStart).is_current);
    for (std::size_t rotation = 1; rotation <= keep; ++rotation) {
      const auto found = keys.find(name, kStart + seconds(60 * rotation));
      ASSERT_NE(found.key, nullptr) << keep << ' ' << rotation;
      EXPECT_EQ(found.key->cipher, cipher);
      EXPECT_FALSE(found.is_current);
    }
    EXPECT_EQ(keys.find(name, kStart + seconds(60 * (keep + 1))).key, nullptr) << keep;
    EXPECT_EQ(keys.lifetime(), seconds(60 * std::max<std::size_t>(keep, 1)));
  }
}

// Nobody came for a while: what should have gone by then is gone, what should still open does.
TEST(TicketKeys, MakeUpForOverdueRotations) {
  TicketKeys keys(seconds(60), 2, kStart);
  const Name name = name_at(keys, kStart);
  EXPECT_NE(keys.find(name, kStart + seconds(125)).key, nullptr);  // two at once
  EXPECT_EQ(keys.find(name, kStart + seconds(180)).key, nullptr);
}

TEST(TicketKeys, AfterALongPauseAreAllNewAndLiveAsLongAsEver) {
  TicketKeys keys(seconds(60), 2, kStart);
  const Name name = name_at(keys, kStart);
  const auto later = kStart + std::chrono::hours(24 * 365) + seconds(7);
  EXPECT_EQ(keys.find(name, later).key, nullptr);
  const Name fresh = name_at(keys, later);
  EXPECT_EQ(name_at(keys, later + seconds(59)), fresh);
  EXPECT_NE(name_at(keys, later + seconds(60)), fresh);
  EXPECT_NE(keys.find(fresh, later + seconds(179)).key, nullptr);
  EXPECT_EQ(keys.find(fresh, later + seconds(240)).key, nullptr);
}

TEST(TicketKeys, DoNotKnowTheNameOfAnother) {
  TicketKeys keys(seconds(60), 2, kStart);
  TicketKeys others(seconds(60), 2, kStart);
  EXPECT_EQ(keys.find(name_at(others, kStart), kStart).key, nullptr);
  EXPECT_EQ(keys.find(Name{}, kStart).key, nullptr);  // what a slot holds before it is used is no key
}

TEST(TicketKeys, RefuseNonsense) {
  EXPECT_THROW(TicketKeys(seconds(0), 2), std::invalid_argument);
  EXPECT_THROW(TicketKeys(seconds(-1), 2), std::invalid_argument);
  EXPECT_THROW(TicketKeys(seconds(60), 65), std::invalid_argument);
  EXPECT_NO_THROW(TicketKeys(seconds(1), 64));
}

// All find the key's time over at once; one of them makes the next, and all seal with that.
TEST(TicketKeys, ServeManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kRotations = 200;
  TicketKeys keys(seconds(60), 2, kStart);
  std::barrier round(kThreads);
  std::array<Name, kThreads> names{};
  std::atomic<int> wrong{0};
  const auto use = [&](std::size_t self) {
    Name last = name_at(keys, kStart);
    for (int i = 1; i <= kRotations; ++i) {
      const auto now = kStart + seconds(60 * i);
      round.arrive_and_wait();
      names[self] = name_at(keys, now);
      if (keys.find(last, now).key == nullptr || !keys.find(names[self], now).is_current) ++wrong;
      last = names[self];
      round.arrive_and_wait();
      if (last != names[(self + 1) % kThreads]) ++wrong;
    }
  };
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) threads.emplace_back(use, i);
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace flare::tls
