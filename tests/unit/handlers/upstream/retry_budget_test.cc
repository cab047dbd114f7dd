#include "flare/handlers/upstream/retry_budget.h"

#include <gtest/gtest.h>

namespace flare::handlers {
namespace {

int taken(RetryBudget& budget, std::int64_t now) {
  int count = 0;
  while (count < 1000 && budget.take(now)) ++count;
  return count;
}

TEST(RetryBudget, BeginsWithAFewAndGrowsWithRequests) {
  RetryBudget budget(0.2);
  EXPECT_EQ(taken(budget, 0), 10);
  for (int i = 0; i < 50; ++i) budget.request();
  EXPECT_NEAR(taken(budget, 0), 10, 1);
}

TEST(RetryBudget, SavesUpOnlySoMuch) {
  RetryBudget budget(0.2);
  for (int i = 0; i < 100'000; ++i) budget.request();
  EXPECT_EQ(taken(budget, 0), 100);
}

TEST(RetryBudget, AFewComeBackWithTime) {
  RetryBudget budget(0.2);
  EXPECT_EQ(taken(budget, 0), 10);
  EXPECT_NEAR(taken(budget, 3'000'000'000), 3, 1);
  EXPECT_EQ(taken(budget, 1'000'000'000'000), 10);
}

TEST(RetryBudget, NothingIsNothing) {
  RetryBudget budget(0);
  budget.request();
  EXPECT_EQ(taken(budget, 1'000'000'000'000), 0);
}

}  // namespace
}  // namespace flare::handlers
