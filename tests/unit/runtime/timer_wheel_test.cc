#include "flare/runtime/timer_wheel.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

namespace flare::runtime {
namespace {

using std::chrono::milliseconds;

class Timer final : public TimerEntry {
 public:
  explicit Timer(std::function<void()> action) : action_(std::move(action)) {}
  Timer(Timer&&) noexcept = default;

 private:
  void on_timer() override { action_(); }
  std::function<void()> action_;
};

class TimerWheelTest : public testing::Test {
 protected:
  TimePoint at(int ms) const { return start_ + milliseconds(ms); }

  TimePoint start_ = monotonic_now();
  TimerWheel wheel_{start_};
  std::vector<int> fired_;
};

TEST_F(TimerWheelTest, FiresAtTheFirstAdvanceAfterTheDueTimeAndAtMostATickLate) {
  for (const int due : {1, 31, 32, 33, 1000, 74'999, 131'071}) {
    fired_.clear();
    TimerWheel wheel(start_);
    Timer timer([&] { fired_.push_back(due); });
    wheel.schedule(timer, at(due));
    wheel.advance(at(due - 1));
    EXPECT_TRUE(fired_.empty()) << due;
    wheel.advance(at(due) + TimerWheel::kTick);
    EXPECT_EQ(fired_, std::vector{due});
    EXPECT_FALSE(timer.is_scheduled());
  }
}

TEST_F(TimerWheelTest, AnEntryBeyondOneRoundWaitsForItsOwnRound) {
  const int due = static_cast<int>(TimerWheel::kSlots * static_cast<std::size_t>(TimerWheel::kTick.count())) * 3 + 500;
  Timer timer([&] { fired_.push_back(due); });
  wheel_.schedule(timer, at(due));
  for (int ms = 0; ms < due; ms += 1000) wheel_.advance(at(ms));
  EXPECT_TRUE(fired_.empty());
  wheel_.advance(at(due) + TimerWheel::kTick);
  EXPECT_EQ(fired_.size(), 1U);
}

TEST_F(TimerWheelTest, CancelledAndDestroyedEntriesDoNotFire) {
  Timer cancelled([&] { fired_.push_back(1); });
  auto destroyed = std::make_unique<Timer>([&] { fired_.push_back(2); });
  wheel_.schedule(cancelled, at(100));
  wheel_.schedule(*destroyed, at(100));
  EXPECT_EQ(wheel_.active_count(), 2U);
  wheel_.cancel(cancelled);
  destroyed.reset();
  EXPECT_EQ(wheel_.active_count(), 0U);
  wheel_.advance(at(1000));
  EXPECT_TRUE(fired_.empty());
}

TEST_F(TimerWheelTest, ReschedulingMovesTheEntry) {
  Timer timer([&] { fired_.push_back(1); });
  wheel_.schedule(timer, at(100));
  wheel_.schedule(timer, at(5000));
  wheel_.advance(at(1000));
  EXPECT_TRUE(fired_.empty());
  wheel_.schedule(timer, at(1200));
  wheel_.advance(at(1300));
  EXPECT_EQ(fired_.size(), 1U);
}

TEST_F(TimerWheelTest, ACallbackMayScheduleItselfAndCancelOthers) {
  Timer victim([&] { fired_.push_back(2); });
  std::unique_ptr<Timer> self;
  self = std::make_unique<Timer>([&] {
    fired_.push_back(1);
    wheel_.cancel(victim);
    wheel_.schedule(*self, at(200));
  });
  wheel_.schedule(*self, at(32));
  wheel_.schedule(victim, at(32));
  wheel_.advance(at(100));
  EXPECT_EQ(fired_, std::vector{1});
  wheel_.advance(at(300));
  EXPECT_EQ(fired_, (std::vector{1, 1}));
}

TEST_F(TimerWheelTest, AMovedEntryKeepsItsPlace) {
  Timer first([&] { fired_.push_back(1); });
  wheel_.schedule(first, at(100));
  Timer second(std::move(first));
  EXPECT_FALSE(first.is_scheduled());  // NOLINT(bugprone-use-after-move): what moving leaves is the point
  EXPECT_TRUE(second.is_scheduled());
  EXPECT_EQ(second.due(), at(100));
}

TEST_F(TimerWheelTest, NextFireIsNeverLaterThanTheFirstDueTimeByMoreThanATick) {
  EXPECT_EQ(wheel_.next_fire(), std::nullopt);
  Timer late([] {});
  Timer early([] {});
  wheel_.schedule(late, at(90'000));
  wheel_.schedule(early, at(1'000));
  ASSERT_TRUE(wheel_.next_fire().has_value());
  EXPECT_GE(*wheel_.next_fire(), at(1'000) - TimerWheel::kTick);
  EXPECT_LE(*wheel_.next_fire(), at(1'000) + TimerWheel::kTick);
  wheel_.cancel(early);
  EXPECT_GE(*wheel_.next_fire(), at(90'000) - TimerWheel::kTick);
  wheel_.cancel(late);
  EXPECT_EQ(wheel_.next_fire(), std::nullopt);
}

TEST_F(TimerWheelTest, ALongSleepFiresEverythingThatBecameDue) {
  std::vector<std::unique_ptr<Timer>> timers;
  for (int i = 0; i < 500; ++i) {
    timers.push_back(std::make_unique<Timer>([this, i] { fired_.push_back(i); }));
    wheel_.schedule(*timers.back(), at(i * 700));
  }
  wheel_.advance(at(500 * 700 + 100'000'000));
  EXPECT_EQ(fired_.size(), 500U);
}

TEST_F(TimerWheelTest, TimeThatGoesBackwardsIsIgnored) {
  Timer timer([&] { fired_.push_back(1); });
  wheel_.advance(at(10'000));
  wheel_.advance(at(0));
  wheel_.schedule(timer, at(10'100));
  wheel_.advance(at(10'200));
  EXPECT_EQ(fired_.size(), 1U);
}

}  // namespace
}  // namespace flare::runtime
