#include "flare/runtime/eventual.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "flare/runtime/worker.h"

namespace flare::runtime {
namespace {

Task<std::string> later(Worker& worker) {
  co_await worker.yield();
  co_return "later";
}
Task<std::string> fails(Worker& worker) {
  co_await worker.yield();
  throw std::runtime_error("on purpose");
}
Eventual<std::string> either(Worker& worker, bool ready) {
  if (ready) return std::string("now");
  return later(worker);
}
Eventual<std::string> broken(Worker& worker) { return fails(worker); }

Task<void> take_both(Worker& worker, std::string& taken) {
  taken += co_await either(worker, true);
  taken += co_await either(worker, false);
}
Task<void> take_broken(Worker& worker, std::string& taken) {
  try {
    taken += co_await broken(worker);
  } catch (const std::runtime_error& error) {
    taken += error.what();
  }
}

TEST(Eventual, IsThereAtOnceOrWhenItsTaskIsDone) {
  Worker worker;
  std::string taken;
  worker.spawn(take_both(worker, taken));
  EXPECT_EQ(taken, "now");
  worker.run_once(std::chrono::milliseconds(0));
  EXPECT_EQ(taken, "nowlater");
}

TEST(Eventual, PassesOnWhatItsTaskThrows) {
  Worker worker;
  std::string taken;
  worker.spawn(take_broken(worker, taken));
  worker.run_once(std::chrono::milliseconds(0));
  EXPECT_EQ(taken, "on purpose");
}

}  // namespace
}  // namespace flare::runtime
