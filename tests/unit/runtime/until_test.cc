#include "flare/runtime/until.h"

#include <gtest/gtest.h>

#include "flare/runtime/worker.h"

namespace flare::runtime {
namespace {

Task<void> wait(Cancellation& first, Cancellation& second, int& passed) {
  co_await until(first, second);
  ++passed;
}

TEST(Until, GoesOnWithTheFirstOfTwo) {
  for (const bool second : {false, true}) {
    Cancellation a;
    Cancellation b;
    int passed = 0;
    Worker worker;
    worker.spawn(wait(a, b, passed));
    worker.run_once(std::chrono::milliseconds(0));
    EXPECT_EQ(passed, 0);
    (second ? b : a).cancel();
    EXPECT_EQ(passed, 1);
    (second ? a : b).cancel();
    EXPECT_EQ(passed, 1) << "it has gone on already";
  }
}

TEST(Until, DoesNotWaitForWhatHasBeen) {
  Cancellation a;
  Cancellation b;
  b.cancel();
  int passed = 0;
  Worker worker;
  worker.spawn(wait(a, b, passed));
  EXPECT_EQ(passed, 1);
}

TEST(Until, ManyMayWaitForOneThing) {
  Cancellation done;
  Cancellation stays;
  int passed = 0;
  Worker worker;
  for (int i = 0; i < 3; ++i) worker.spawn(wait(done, stays, passed));
  done.cancel();
  EXPECT_EQ(passed, 3);
}

}  // namespace
}  // namespace flare::runtime
