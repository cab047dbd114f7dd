#include "flare/http/transfer_pace.h"

#include <gtest/gtest.h>

namespace flare::http {
namespace {

using namespace std::chrono_literals;

TEST(TransferPace, BeginsWithTheGrace) {
  TransferPace pace(256, 30s);
  EXPECT_EQ(pace.left(), 5s);
  pace.waited(4s);
  EXPECT_EQ(pace.left(), 1s);
  pace.waited(2s);
  EXPECT_EQ(pace.left(), 0s);
}

TEST(TransferPace, BytesEarnTimeAtTheMinimumRate) {
  TransferPace pace(256, 30s);
  pace.waited(5s);
  pace.moved(256);
  EXPECT_EQ(pace.left(), 1s);
  for (int i = 0; i < 256; ++i) pace.moved(1);  // fractions of milliseconds add up
  EXPECT_EQ(pace.left(), 2s);
}

TEST(TransferPace, ADribblerRunsOutHoweverItBegan) {
  TransferPace pace(256, 30s);
  pace.moved(100'000'000);
  EXPECT_EQ(pace.left(), 30s);
  std::chrono::seconds lived{0};
  while (pace.left() > 0s) {
    pace.waited(1s);
    pace.moved(25);  // a tenth of the rate
    lived += 1s;
    ASSERT_LT(lived, 60s);
  }
  EXPECT_GE(lived, 30s);
}

TEST(TransferPace, TheExactRateIsEnough) {
  TransferPace pace(256, 30s);
  for (int i = 0; i < 10'000; ++i) {
    pace.waited(1s);
    pace.moved(256);
  }
  EXPECT_EQ(pace.left(), 5s);
}

TEST(TransferPace, HugeCountsDoNotOverflow) {
  TransferPace pace(1'000'000'000'000ULL, 24h);
  pace.waited(5s);
  pace.moved(~0ULL);
  EXPECT_GT(pace.left(), 1s);
  EXPECT_LE(pace.left(), 24h);
}

TEST(TransferPace, ZeroIsAnyPace) {
  TransferPace pace(0, 30s);
  pace.waited(100h);
  pace.moved(1);
  EXPECT_EQ(pace.left(), std::chrono::milliseconds::max());
}

}  // namespace
}  // namespace flare::http
