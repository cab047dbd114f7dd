#include "flare/handlers/upstream/waiting_line.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace flare::handlers {
namespace {

using std::chrono::milliseconds;

class WaitingLineTest : public testing::Test {
 protected:
  runtime::Task<void> wait(std::string name, milliseconds longest, runtime::Cancellation& client) {
    const bool woken = co_await WaitingLine::Wait(line, worker.now() + longest, client);
    order.push_back(name + (woken ? " woken" : " left"));
  }
  void wake_first() {
    if (line.first() != nullptr) line.first()->wake();
  }
  void until_idle() {
    for (int turns = 0; worker.active_tasks() != 0 && turns < 10'000; ++turns) worker.run_once(milliseconds(100));
  }

  runtime::Worker worker;
  WaitingLine line{worker};
  runtime::Cancellation patient, leaving;
  std::vector<std::string> order;
};

using Texts = std::vector<std::string>;

TEST_F(WaitingLineTest, FirstComeFirstServed) {
  for (const char* name : {"a", "b", "c"}) worker.spawn(wait(name, std::chrono::hours(1), patient));
  wake_first();
  EXPECT_EQ(order, Texts{"a woken"});
  wake_first();
  wake_first();
  wake_first();  // nobody is left
  EXPECT_EQ(order, (Texts{"a woken", "b woken", "c woken"}));
}

TEST_F(WaitingLineTest, NobodyWaitsForLongerThanItMay) {
  worker.spawn(wait("short", milliseconds(5), patient));
  worker.spawn(wait("long", std::chrono::hours(1), patient));
  for (int turns = 0; order.empty() && turns < 1000; ++turns) worker.run_once(milliseconds(100));
  EXPECT_EQ(order, Texts{"short left"});
  wake_first();
  EXPECT_EQ(order, (Texts{"short left", "long woken"}));
}

TEST_F(WaitingLineTest, WhoLeavesMakesRoomForTheNext) {
  worker.spawn(wait("a", std::chrono::hours(1), patient));
  worker.spawn(wait("b", std::chrono::hours(1), leaving));
  worker.spawn(wait("c", std::chrono::hours(1), patient));
  leaving.cancel();
  EXPECT_EQ(order, Texts{"b left"});
  worker.spawn(wait("d", std::chrono::hours(1), leaving));  // has left already
  EXPECT_EQ(line.first()->behind()->behind(), nullptr);
  wake_first();
  wake_first();
  EXPECT_EQ(order, (Texts{"b left", "d left", "a woken", "c woken"}));
  until_idle();
}

}  // namespace
}  // namespace flare::handlers
