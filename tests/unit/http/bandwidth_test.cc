#include "flare/http/bandwidth.h"

#include <gtest/gtest.h>

namespace flare::http {
namespace {

using runtime::TimePoint;
using std::chrono::milliseconds;

constexpr TimePoint kStart{milliseconds(5'000'000)};

TEST(Bandwidth, WithoutARateNothingWaits) {
  Bandwidth bandwidth(0);
  EXPECT_FALSE(bandwidth.is_limited());
  EXPECT_GT(bandwidth.share(), 1ULL << 60);
  bandwidth.sent(1ULL << 60, kStart);
  EXPECT_EQ(bandwidth.wait(kStart).count(), 0);
}

TEST(Bandwidth, HandsOutSharesThatAreNeitherNothingNorAll) {
  EXPECT_EQ(Bandwidth(1).share(), 1U);
  EXPECT_EQ(Bandwidth(1000).share(), 50U);
  EXPECT_EQ(Bandwidth(1ULL << 40).share(), 256U * 1024);
}

/// What leaves in `time` when each wait ends `late`.
std::uint64_t sent_in(std::uint64_t rate, milliseconds time, milliseconds late) {
  Bandwidth bandwidth(rate);
  std::uint64_t sent = 0;
  for (TimePoint now = kStart; now < kStart + time;) {
    bandwidth.sent(bandwidth.share(), now);
    sent += bandwidth.share();
    if (const milliseconds wait = bandwidth.wait(now); wait.count() != 0) now += wait + late;
  }
  return sent;
}

TEST(Bandwidth, KeepsTheRateHoweverLateTheTimersAre) {
  for (const std::uint64_t rate : {1'000ULL, 100'000ULL, 20ULL << 20, 1ULL << 30}) {
    for (const milliseconds late : {milliseconds(0), milliseconds(32), milliseconds(100)}) {
      const auto most = static_cast<double>(rate) * (10.0 + 0.4);  // what may be made up for at first
      const auto sent = static_cast<double>(sent_in(rate, milliseconds(10'000), late));
      EXPECT_LE(sent, most) << rate << " " << late.count();
      EXPECT_GE(sent, 0.95 * 10.0 * static_cast<double>(rate)) << rate << " " << late.count();
    }
  }
}

TEST(Bandwidth, AReaderThatPausedGetsNoBurst) {
  Bandwidth bandwidth(1000);
  bandwidth.sent(50, kStart);
  const TimePoint later = kStart + milliseconds(60'000);
  std::uint64_t at_once = 0;
  while (bandwidth.wait(later).count() == 0) {
    bandwidth.sent(50, later);
    at_once += 50;
  }
  EXPECT_LE(at_once, 300U);
}

TEST(Bandwidth, PiecesOfAnySizeAreCounted) {
  Bandwidth bandwidth(1000);
  bandwidth.sent(1ULL << 50, kStart);
  EXPECT_GT(bandwidth.wait(kStart), milliseconds(1ULL << 49));
}

}  // namespace
}  // namespace flare::http
