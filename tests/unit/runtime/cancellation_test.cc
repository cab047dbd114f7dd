#include "flare/runtime/cancellation.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "flare/runtime/worker.h"

namespace flare::runtime {
namespace {

struct Hears final : Cancellation::Listener {
  Hears(Cancellation& cancellation, std::function<void()> then) : Listener(cancellation), act(std::move(then)) {}
  void on_cancel() override { act(); }
  std::function<void()> act;
};

TEST(Cancellation, TellsEachListenerOnce) {
  Cancellation cancellation;
  int calls = 0;
  const Hears first(cancellation, [&] { ++calls; });
  {
    const Hears gone(cancellation, [&] { calls += 100; });
  }
  const Hears last(cancellation, [&] { ++calls; });
  EXPECT_FALSE(cancellation.is_cancelled());
  cancellation.cancel();
  cancellation.cancel();
  EXPECT_TRUE(cancellation.is_cancelled());
  EXPECT_EQ(calls, 2);
}

TEST(Cancellation, AListenerMayEndTheOthersAndTheCancellation) {
  auto cancellation = std::make_unique<Cancellation>();
  int calls = 0;
  auto first = std::make_unique<Hears>(*cancellation, [&] { ++calls; });
  auto second = std::make_unique<Hears>(*cancellation, [&] { ++calls; });
  const Hears ends_all(*cancellation, [&] {
    first.reset();
    second.reset();
    cancellation.reset();
  });
  cancellation->cancel();
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(cancellation, nullptr);
}

TEST(Cancellation, AfterAResetNobodyHears) {
  Cancellation cancellation;
  int calls = 0;
  const Hears listener(cancellation, [&] { ++calls; });
  cancellation.reset();
  cancellation.cancel();
  EXPECT_EQ(calls, 0);
}

Task<void> sleeper(Worker& worker, Cancellation& cancellation, std::string& log) {
  const bool slept = co_await worker.sleep(std::chrono::hours(1), cancellation);
  log += slept ? "slept" : "cancelled";
}

TEST(Cancellation, EndsASleepAtOnce) {
  Worker worker;
  Cancellation cancellation;
  std::string log;
  worker.spawn(sleeper(worker, cancellation, log));
  EXPECT_EQ(worker.active_tasks(), 1U);
  cancellation.cancel();
  EXPECT_EQ(log, "cancelled");
  EXPECT_EQ(worker.active_tasks(), 0U);
  EXPECT_EQ(worker.timers().active_count(), 0U);
  worker.spawn(sleeper(worker, cancellation, log));  // one that comes too late does not wait
  EXPECT_EQ(log, "cancelledcancelled");
}

}  // namespace
}  // namespace flare::runtime
