#include "flare/base/defer.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace flare {
namespace {

TEST(Defer, RunsOnceAtTheEndOfTheScopeInReverseOrder) {
  std::vector<int> order;
  {
    const Defer first([&] { order.push_back(1); });
    const Defer second([&] { order.push_back(2); });
    EXPECT_TRUE(order.empty());
  }
  EXPECT_EQ(order, (std::vector{2, 1}));
}

TEST(Defer, RunsWhenAnExceptionLeavesTheScope) {
  int runs = 0;
  const auto body = [&] {
    const Defer guard([&] { ++runs; });
    throw std::runtime_error("out");
  };
  EXPECT_THROW(body(), std::runtime_error);
  EXPECT_EQ(runs, 1);
}

TEST(Defer, DoesNothingOnceDismissed) {
  int runs = 0;
  {
    Defer guard([&] { ++runs; });
    guard.dismiss();
  }
  EXPECT_EQ(runs, 0);
}

}  // namespace
}  // namespace flare
