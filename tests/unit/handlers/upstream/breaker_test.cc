#include "flare/handlers/upstream/breaker.h"

#include <gtest/gtest.h>

namespace flare::handlers {
namespace {

using enum Breaker::Admission;

constexpr Breaker::Options kOptions{.failures = 0.5, .requests = 4, .window = 1000, .open = 100};

void count(Breaker& breaker, int good, int bad, std::int64_t now) {
  for (int i = 0; i < good; ++i) breaker.count(true, kYes, now);
  for (int i = 0; i < bad; ++i) breaker.count(false, kYes, now);
}

TEST(Breaker, OpensWhereHalfOfEnoughRequestsFail) {
  Breaker breaker(kOptions);
  count(breaker, 0, 3, 1);
  EXPECT_EQ(breaker.admit(2), kYes) << "three say nothing";
  count(breaker, 0, 1, 2);
  EXPECT_EQ(breaker.admit(3), kNo);
  EXPECT_EQ(breaker.admit(101), kNo);
}

TEST(Breaker, StaysClosedWhereFewFail) {
  Breaker breaker(kOptions);
  count(breaker, 7, 3, 1);
  EXPECT_EQ(breaker.admit(2), kYes);
}

TEST(Breaker, ForgetsWhatIsOlderThanItsWindow) {
  Breaker breaker(kOptions);
  count(breaker, 0, 3, 1);
  count(breaker, 0, 1, 2000);
  EXPECT_EQ(breaker.admit(2001), kYes);
}

TEST(Breaker, OneRequestDecidesWhetherItClosesAgain) {
  Breaker breaker(kOptions);
  count(breaker, 0, 4, 1);
  EXPECT_EQ(breaker.admit(101), kTrial);
  EXPECT_EQ(breaker.admit(102), kNo) << "one is enough";
  breaker.count(false, kTrial, 110);
  EXPECT_EQ(breaker.admit(150), kNo);
  EXPECT_EQ(breaker.admit(210), kTrial);
  breaker.count(true, kYes, 211);  // one that was asked before it opened decides nothing
  EXPECT_EQ(breaker.admit(212), kNo);
  breaker.count(true, kTrial, 213);
  EXPECT_EQ(breaker.admit(214), kYes);
}

TEST(Breaker, ATrialThatNeverEndsIsFollowedByAnother) {
  Breaker breaker(kOptions);
  count(breaker, 0, 4, 1);
  EXPECT_EQ(breaker.admit(101), kTrial);
  EXPECT_EQ(breaker.admit(201), kTrial);
}

}  // namespace
}  // namespace flare::handlers
