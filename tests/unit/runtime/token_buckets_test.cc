#include "flare/runtime/token_buckets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace flare::runtime {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr TimePoint kStart{1'000'000ms};

Hash128 key(std::uint64_t number) {
  return siphash({.low = 1, .high = 2}, {reinterpret_cast<const char*>(&number), sizeof number});
}

TEST(TokenBuckets, ANewKeyHasItsBurstAndNoMore) {
  TokenBuckets buckets({.requests = 50, .per = 1s, .burst = 100});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(buckets.take(key(1), kStart), 0ms) << i;
  EXPECT_EQ(buckets.take(key(1), kStart), 20ms);
  EXPECT_EQ(buckets.take(key(2), kStart), 0ms) << "every key has a bucket of its own";
}

TEST(TokenBuckets, ARefusedTakeSaysExactlyWhenTheNextSucceeds) {
  struct Case {
    std::uint64_t requests;
    milliseconds per;
    milliseconds wait;
  };
  for (const auto& [requests, per, wait] : {Case{5, 1min, 12'000ms}, Case{1, 1h, 3'600'000ms}, Case{7, 1s, 143ms},
                                            Case{1000, 1s, 1ms}, Case{1'000'000, 1s, 1ms}, Case{3, 1h, 1'200'000ms}}) {
    TokenBuckets buckets({.requests = requests, .per = per, .burst = 1});
    ASSERT_EQ(buckets.take(key(1), kStart), 0ms);
    EXPECT_EQ(buckets.take(key(1), kStart), wait);
    EXPECT_EQ(buckets.take(key(1), kStart + wait - 1ms), 1ms);
    EXPECT_EQ(buckets.take(key(1), kStart + wait), 0ms);
  }
}

// A third of a token a millisecond: a rate that no decimal fraction of a second hits.
TEST(TokenBuckets, NothingIsLostOrGainedOverALongTime) {
  for (const std::uint64_t requests : {7U, 50U, 333U}) {
    TokenBuckets buckets({.requests = requests, .per = 1s, .burst = 10});
    std::uint64_t taken = 0;
    constexpr int kSeconds = 1000;
    for (milliseconds at = 0ms; at < kSeconds * 1s; at += 1ms) {
      if (buckets.take(key(1), kStart + at) == 0ms) ++taken;
    }
    EXPECT_GE(taken, 10 + requests * kSeconds - 1) << requests;
    EXPECT_LE(taken, 10 + requests * kSeconds) << requests;
  }
}

TEST(TokenBuckets, APauseRefillsUpToTheBurst) {
  TokenBuckets buckets({.requests = 10, .per = 1s, .burst = 5});
  TimePoint now = kStart;
  for (const auto& [pause, expected] :
       {std::pair{0ms, 5}, std::pair{99ms, 0}, std::pair{1ms, 1}, std::pair{250ms, 2}, std::pair{50ms, 1},
        std::pair{milliseconds(1h), 5}, std::pair{milliseconds(24h * 365), 5}}) {
    now += pause;
    int taken = 0;
    while (buckets.take(key(1), now) == 0ms) ++taken;
    EXPECT_EQ(taken, expected) << pause.count();
  }
}

TEST(TokenBuckets, AClockThatRunsBehindGivesNothingAway) {
  TokenBuckets buckets({.requests = 1000, .per = 1s, .burst = 2});
  EXPECT_EQ(buckets.take(key(1), kStart + 10ms), 0ms);
  EXPECT_EQ(buckets.take(key(1), kStart), 0ms);
  EXPECT_EQ(buckets.take(key(1), kStart), 1ms);
  EXPECT_EQ(buckets.take(key(1), kStart + 10ms), 1ms) << "the time was counted already";
  EXPECT_EQ(buckets.take(key(1), kStart + 11ms), 0ms);
}

TEST(TokenBuckets, WhatIsGivenBackCanBeTakenAgain) {
  TokenBuckets buckets({.requests = 1, .per = 1h, .burst = 2});
  buckets.give_back(key(1));  // of a key that is not known: nothing to do
  EXPECT_EQ(buckets.take(key(1), kStart), 0ms);
  buckets.give_back(key(1));
  buckets.give_back(key(1));
  EXPECT_EQ(buckets.take(key(1), kStart), 0ms);
  EXPECT_EQ(buckets.take(key(1), kStart), 0ms);
  EXPECT_NE(buckets.take(key(1), kStart), 0ms) << "never more than the burst";
}

TEST(TokenBuckets, TheLeastRecentlySeenKeyMakesRoom) {
  for (const std::size_t slots : {1U, 2U, 16U, 17U, 1000U}) {
    TokenBuckets buckets({.requests = 1, .per = 1h, .burst = 1, .slots = slots});
    for (std::uint64_t i = 0; i < slots; ++i) ASSERT_EQ(buckets.take(key(i), kStart), 0ms) << i << " of " << slots;
    for (std::uint64_t i = 0; i < slots; ++i) ASSERT_NE(buckets.take(key(i), kStart), 0ms) << i << " of " << slots;
    if (slots > 1) ASSERT_NE(buckets.take(key(0), kStart), 0ms) << "a refusal is a sight of it too";
    ASSERT_EQ(buckets.take(key(slots), kStart), 0ms);
    const std::uint64_t oldest = slots > 1 ? 1 : 0;
    ASSERT_EQ(buckets.take(key(oldest), kStart), 0ms) << "forgotten, with " << slots;
    if (slots > 2) ASSERT_NE(buckets.take(key(0), kStart), 0ms) << "kept, with " << slots;
  }
}

// Against a list that is searched: any order of known and new keys, each refusal and each forgotten key as expected.
TEST(TokenBuckets, AgreesWithASimpleModel) {
  constexpr std::size_t kSlots = 37;
  TokenBuckets buckets({.requests = 1, .per = 1h, .burst = 1, .slots = kSlots});
  std::vector<std::uint64_t> seen;  // newest last
  std::mt19937 random(7);           // NOLINT(cert-msc32-c,cert-msc51-cpp): the same sequence each time
  std::uniform_int_distribution<std::uint64_t> pick(0, 60);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t number = pick(random);
    const auto known = std::ranges::find(seen, number);
    ASSERT_EQ(buckets.take(key(number), kStart) == 0ms, known == seen.end()) << i;
    if (known != seen.end()) {
      seen.erase(known);
    } else if (seen.size() == kSlots) {
      seen.erase(seen.begin());
    }
    seen.push_back(number);
  }
}

TEST(TokenBuckets, ManyShardsRememberNearlyAsManyKeysAsThereAreSlots) {
  constexpr std::uint64_t kSlots = 65'536;
  TokenBuckets buckets({.requests = 1, .per = 1h, .burst = 1, .slots = kSlots});
  constexpr std::uint64_t kKeys = kSlots * 8 / 10;
  for (std::uint64_t i = 0; i < kKeys; ++i) ASSERT_EQ(buckets.take(key(i), kStart), 0ms);
  for (std::uint64_t i = 0; i < kKeys; ++i) ASSERT_NE(buckets.take(key(i), kStart), 0ms) << i;
}

TEST(TokenBuckets, ThreadsThatHammerOneKeyGetExactlyItsBurstAndItsRate) {
  constexpr std::uint64_t kBurst = 1000;
  constexpr std::uint64_t kRate = 500;
  constexpr int kMilliseconds = 2000;
  TokenBuckets buckets({.requests = kRate, .per = 1s, .burst = kBurst, .slots = 16});
  std::atomic<std::uint64_t> taken = 0;
  std::atomic<int> clock = 0;
  const auto hammer = [&](std::uint64_t other) {
    for (;;) {
      const int now = clock.fetch_add(1) / 8;  // each of 4 threads asks twice a millisecond, on average
      if (now > kMilliseconds) return;
      if (buckets.take(key(0), kStart + milliseconds(now)) == 0ms) taken.fetch_add(1);
      static_cast<void>(buckets.take(key(other), kStart + milliseconds(now)));  // and has keys made beside it
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t i = 1; i <= 4; ++i) threads.emplace_back(hammer, i);
  }
  EXPECT_GE(taken.load(), kBurst + kRate * kMilliseconds / 1000 - 1);
  EXPECT_LE(taken.load(), kBurst + kRate * kMilliseconds / 1000 + 1);
}

TEST(TokenBuckets, ThreadsThatMeetNewKeysAtTheSameTimeGiveEachOneBucket) {
  constexpr std::uint64_t kKeys = 5000;
  TokenBuckets buckets({.requests = 1, .per = 1h, .burst = 3, .slots = 2 * kKeys});
  std::atomic<std::uint64_t> taken = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (std::uint64_t number = 0; number < kKeys; ++number) {
          for (int j = 0; j < 2; ++j) {
            if (buckets.take(key(number), kStart) == 0ms) taken.fetch_add(1, std::memory_order_relaxed);
          }
        }
      });
    }
  }
  EXPECT_EQ(taken.load(), 3 * kKeys);
}

TEST(TokenBuckets, RefusesWhatCannotBe) {
  for (const TokenBuckets::Options& options :
       {TokenBuckets::Options{.requests = 0, .per = 1s}, TokenBuckets::Options{.requests = 1, .per = 0ms},
        TokenBuckets::Options{.requests = 1, .per = -1ms}, TokenBuckets::Options{.requests = 1, .per = 1s, .burst = 0},
        TokenBuckets::Options{.requests = 1, .per = 1s, .slots = 0},
        TokenBuckets::Options{.requests = 1, .per = 1h, .burst = ~std::uint64_t{0}}}) {
    EXPECT_THROW(TokenBuckets{options}, RateLimitError);
  }
}

}  // namespace
}  // namespace flare::runtime
