#include "flare/base/spin_lock.h"

#include <gtest/gtest.h>

#include <mutex>
#include <thread>
#include <vector>

namespace flare {
namespace {

TEST(SpinLock, OneAtATime) {
  constexpr int kThreads = 4;
  constexpr int kEach = 20'000;
  SpinLock lock;
  int count = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < kEach; ++j) {
        const std::lock_guard guard(lock);
        ++count;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(count, kThreads * kEach);
}

}  // namespace
}  // namespace flare
