#include "flare/runtime/worker.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <thread>
#include <vector>

namespace flare::runtime {
namespace {

using std::chrono::milliseconds;

struct Pair {
  Pair() {
    std::array<int, 2> fds{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) != 0) std::abort();
    here = net::UniqueFd(fds[0]);
    there = net::UniqueFd(fds[1]);
  }
  net::UniqueFd here;
  net::UniqueFd there;
};

void run_until_idle(Worker& worker) {
  for (int turns = 0; worker.active_tasks() != 0 && turns < 1000; ++turns) worker.run_once(milliseconds(100));
  EXPECT_EQ(worker.active_tasks(), 0U);
}

Task<void> read_all(Pollable& source, std::string& into, std::vector<ErrorKind>& errors) {
  for (;;) {
    if (auto ready = co_await source.readable(); !ready) {
      errors.push_back(ready.error().kind);
      co_return;
    }
    std::array<char, 4> buffer{};
    const ssize_t count = ::read(source.fd(), buffer.data(), buffer.size());
    if (count == 0) co_return;
    if (count < 0 || static_cast<std::size_t>(count) < buffer.size()) source.drained();
    if (count > 0) into.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

TEST(Pollable, ReadsWhatComesAndSeesTheEnd) {
  Worker worker;
  Pair pair;
  Pollable source(worker, std::move(pair.here));
  std::string got;
  std::vector<ErrorKind> errors;
  worker.spawn(read_all(source, got, errors));
  for (const char* piece : {"ab", "cdefgh", "i"}) {
    ASSERT_GT(::write(pair.there.get(), piece, std::string_view(piece).size()), 0);
    worker.run_once(milliseconds(1000));
  }
  pair.there.reset();
  run_until_idle(worker);
  EXPECT_EQ(got, "abcdefghi");
  EXPECT_TRUE(errors.empty());
  EXPECT_EQ(worker.counters().controls.value(), 1U) << "registered once, for its life";
}

TEST(Pollable, AWaitEndsWithTimeoutAtItsDeadline) {
  Worker worker;
  Pair pair;
  Pollable source(worker, std::move(pair.here));
  source.set_deadline(worker.now() + milliseconds(50));
  std::string got;
  std::vector<ErrorKind> errors;
  worker.spawn(read_all(source, got, errors));
  run_until_idle(worker);
  EXPECT_EQ(errors, std::vector{ErrorKind::kTimeout});
}

TEST(Pollable, ADeadlineMovedLaterIsKept) {
  Worker worker;
  Pair pair;
  Pollable source(worker, std::move(pair.here));
  const TimePoint begin = worker.now();
  source.set_deadline(begin + milliseconds(10));
  source.set_deadline(begin + milliseconds(200));
  std::string got;
  std::vector<ErrorKind> errors;
  worker.spawn(read_all(source, got, errors));
  run_until_idle(worker);
  EXPECT_EQ(errors, std::vector{ErrorKind::kTimeout});
  EXPECT_GE(worker.now() - begin, milliseconds(200));
}

Task<void> wait_to_write(Pollable& source, std::vector<ErrorKind>& errors, Pollable* interrupted = nullptr) {
  source.write_blocked();
  const auto ready = co_await source.writable();
  if (!ready) errors.push_back(ready.error().kind);
  if (interrupted != nullptr) interrupted->interrupt(Pollable::Direction::kRead);
}
/// So that nothing more can be written for now.
void fill(int fd) {
  const std::string bytes(65536, 'x');
  while (::write(fd, bytes.data(), bytes.size()) > 0) {
  }
}

TEST(Pollable, EachDirectionHasADeadlineOfItsOwn) {
  Worker worker;
  Pair pair;
  fill(pair.here.get());
  Pollable source(worker, std::move(pair.here));
  const TimePoint begin = worker.now();
  source.set_deadline(Pollable::Direction::kRead, begin + milliseconds(50));
  source.set_deadline(Pollable::Direction::kWrite, begin + milliseconds(400));
  std::string got;
  std::vector<ErrorKind> read_errors;
  std::vector<ErrorKind> write_errors;
  worker.spawn(wait_to_write(source, write_errors));
  worker.spawn(read_all(source, got, read_errors));
  for (int turns = 0; read_errors.empty() && turns < 100; ++turns) worker.run_once(milliseconds(100));
  EXPECT_EQ(read_errors, std::vector{ErrorKind::kTimeout});
  EXPECT_TRUE(write_errors.empty());
  run_until_idle(worker);
  EXPECT_EQ(write_errors, std::vector{ErrorKind::kTimeout});
  EXPECT_GE(worker.now() - begin, milliseconds(400));
}

TEST(Pollable, AnInterruptEndsThePresentWaitOnly) {
  Worker worker;
  Pair pair;
  Pollable source(worker, std::move(pair.here));
  std::string got;
  std::vector<ErrorKind> errors;
  source.drained();
  worker.spawn(read_all(source, got, errors));
  source.interrupt(Pollable::Direction::kWrite);
  EXPECT_EQ(worker.active_tasks(), 1U);
  source.interrupt(Pollable::Direction::kRead);
  EXPECT_EQ(errors, std::vector{ErrorKind::kCancelled});
  worker.spawn(read_all(source, got, errors));
  pair.there.reset();
  run_until_idle(worker);
  EXPECT_EQ(errors.size(), 1U);
}

TEST(Pollable, AWaitThatTheOtherOnesEndInterruptsIsEndedOnce) {
  Worker worker;
  Pair pair;
  fill(pair.here.get());
  Pollable source(worker, std::move(pair.here));
  std::string got;
  std::vector<ErrorKind> read_errors;
  std::vector<ErrorKind> write_errors;
  source.set_deadline(worker.now() + milliseconds(50));
  worker.spawn(wait_to_write(source, write_errors, &source));
  worker.spawn(read_all(source, got, read_errors));
  run_until_idle(worker);
  EXPECT_EQ(write_errors, std::vector{ErrorKind::kTimeout});
  EXPECT_EQ(read_errors, std::vector{ErrorKind::kCancelled});
}

TEST(Pollable, CancelEndsPresentAndLaterWaits) {
  Worker worker;
  Pair pair;
  Pollable source(worker, std::move(pair.here));
  std::string got;
  std::vector<ErrorKind> errors;
  source.drained();
  worker.spawn(read_all(source, got, errors));
  source.cancel();
  worker.spawn(read_all(source, got, errors));
  run_until_idle(worker);
  EXPECT_EQ(errors, (std::vector{ErrorKind::kCancelled, ErrorKind::kCancelled}));
}

Task<void> close_other(Pollable& source, std::unique_ptr<Pollable>& victim) {
  const auto ready = co_await source.readable();
  if (ready) victim.reset();
}

TEST(Pollable, AnEventForADescriptorThatAnotherCoroutineClosedIsDropped) {
  Worker worker;
  Pair first;
  Pair second;
  Pollable source(worker, std::move(first.here));
  auto victim = std::make_unique<Pollable>(worker, std::move(second.here));
  source.drained();
  victim->drained();
  worker.spawn(close_other(source, victim));
  {
    // Registers the victim without leaving anyone waiting on it.
    std::unique_ptr<Pollable> nobody;
    std::string got;
    std::vector<ErrorKind> errors;
    worker.spawn(read_all(*victim, got, errors));
    ASSERT_EQ(::write(first.there.get(), "x", 1), 1);
    ASSERT_EQ(::shutdown(second.there.get(), SHUT_RDWR), 0);
    victim->cancel();
    worker.run_once(milliseconds(1000));  // both events are in one batch; the first destroys the second's pollable
  }
  EXPECT_EQ(victim, nullptr);
  EXPECT_EQ(worker.active_tasks(), 0U);
}

Task<void> move_away(std::unique_ptr<Pollable>& source) {
  const auto ready = co_await source->readable();
  if (ready) source = std::make_unique<Pollable>(std::move(*source));  // the one that was waited on is gone
}

TEST(Pollable, WhoeverItWakesMayMoveIt) {
  Worker worker;
  Pair pair;
  auto source = std::make_unique<Pollable>(worker, std::move(pair.here));
  source->drained();
  worker.spawn(move_away(source));
  ASSERT_EQ(::write(pair.there.get(), "ab", 2), 2);  // readable and writable in one event
  run_until_idle(worker);
  std::string got;
  std::vector<ErrorKind> errors;
  worker.spawn(read_all(*source, got, errors));
  pair.there.reset();
  run_until_idle(worker);
  EXPECT_EQ(got, "ab");
}

TEST(Worker, RunsPostedWorkInOrderFromAnyThread) {
  Worker worker;
  std::vector<int> order;
  std::thread poster([&] {
    for (int i = 0; i < 100; ++i) worker.post([&order, i] { order.push_back(i); });
    worker.stop();
  });
  worker.run();
  poster.join();
  ASSERT_EQ(order.size(), 100U);
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

Task<void> wait_on(Pollable& source, bool idle, ErrorKind& outcome) {
  source.drained();
  source.set_idle(idle);
  if (auto ready = co_await source.readable(); !ready) outcome = ready.error().kind;
}

TEST(Worker, ADrainCancelsIdleWaitsOnlyAndRunEndsWithTheLastTask) {
  Worker worker;
  Pair idle_pair;
  Pair busy_pair;
  Pollable idle(worker, std::move(idle_pair.here));
  Pollable busy(worker, std::move(busy_pair.here));
  ErrorKind idle_outcome = ErrorKind::kSystem;
  ErrorKind busy_outcome = ErrorKind::kSystem;
  worker.spawn(wait_on(idle, true, idle_outcome));
  worker.spawn(wait_on(busy, false, busy_outcome));
  worker.drain();
  worker.post([&] { ASSERT_EQ(::write(busy_pair.there.get(), "x", 1), 1); });
  worker.run();
  EXPECT_EQ(idle_outcome, ErrorKind::kCancelled);
  EXPECT_EQ(busy_outcome, ErrorKind::kSystem) << "served, not cancelled";
}

Task<void> sleep_then(Worker& worker, milliseconds duration, std::vector<int>& order, int mark) {
  co_await worker.sleep(duration);
  order.push_back(mark);
}
Task<void> yield_then(Worker& worker, std::vector<int>& order, int mark) {
  order.push_back(mark);
  co_await worker.yield();
  order.push_back(mark + 10);
}

TEST(Worker, SleepersWakeInOrderOfTheirTimes) {
  Worker worker;
  std::vector<int> order;
  worker.spawn(sleep_then(worker, milliseconds(150), order, 2));
  worker.spawn(sleep_then(worker, milliseconds(30), order, 1));
  run_until_idle(worker);
  EXPECT_EQ(order, (std::vector{1, 2}));
}

TEST(Worker, YieldLetsTheOthersRunFirst) {
  Worker worker;
  std::vector<int> order;
  worker.spawn(yield_then(worker, order, 1));
  worker.spawn(yield_then(worker, order, 2));
  run_until_idle(worker);
  EXPECT_EQ(order, (std::vector{1, 2, 11, 12}));
}

TEST(Worker, DestroysTheTasksThatAreLeft) {
  struct Mark {
    explicit Mark(bool& target) : gone(target) {}
    ~Mark() { gone = true; }
    bool& gone;
  };
  bool gone = false;
  Pair pair;
  {
    Worker worker;
    const auto stuck = [](Worker& owner, net::UniqueFd fd, bool& flag) -> Task<void> {
      const Mark mark(flag);
      Pollable source(owner, std::move(fd));
      source.drained();
      static_cast<void>(co_await source.readable());
    };
    worker.spawn(stuck(worker, std::move(pair.here), gone));
    EXPECT_FALSE(gone);
  }
  EXPECT_TRUE(gone);
}

struct Told final : BeforeWait {
  explicit Told(int& count) : count_(count) {}
  void on_wait() override { ++count_; }
  int& count_;
};

TEST(Worker, TellsBeforeItWaitsOnce) {
  Worker worker;
  int told = 0;
  Told what(told);
  worker.before_wait(what);
  worker.before_wait(what);
  EXPECT_EQ(told, 0);
  worker.run_once(milliseconds(0));
  EXPECT_EQ(told, 1);
  worker.run_once(milliseconds(0));
  EXPECT_EQ(told, 1);
  worker.before_wait(what);
  worker.run_once(milliseconds(0));
  EXPECT_EQ(told, 2);
}

TEST(Worker, MayEndBeforeItsWaitsAreTold) {
  int told = 0;
  Told what(told);
  {
    Worker worker;
    worker.before_wait(what);
  }
  Worker other;
  other.before_wait(what);
  other.run_once(milliseconds(0));
  EXPECT_EQ(told, 1);
}

TEST(Worker, TellsNobodyWhoHasGone) {
  Worker worker;
  int told = 0;
  Told stays(told);
  worker.before_wait(stays);
  {
    int gone = 0;
    Told goes(gone);
    worker.before_wait(goes);
  }
  Told last(told);
  worker.before_wait(last);
  worker.run_once(milliseconds(0));
  EXPECT_EQ(told, 2);
}

TEST(Worker, TheEndOfATurnComesWhenEverybodyHasHadIt) {
  Worker worker;
  std::vector<int> order;
  const auto task = [&](int number) -> Task<void> {
    co_await worker.yield();  // both are in one turn
    order.push_back(number);
    co_await worker.end_of_turn();
    order.push_back(10 + number);
    co_await worker.end_of_turn();
    order.push_back(20 + number);
  };
  worker.spawn(task(1));
  worker.spawn(task(2));
  worker.run_once(milliseconds(0));
  EXPECT_EQ(order, (std::vector{1, 2}));
  worker.run_once(milliseconds(0));  // before it waits
  EXPECT_EQ(order, (std::vector{1, 2, 11, 12, 21, 22}));
  EXPECT_EQ(worker.active_tasks(), 0U);
}

struct Kept final : WorkerLocal {
  explicit Kept(std::thread::id* of) noexcept : ended_on(of) {}
  ~Kept() override { *ended_on = std::this_thread::get_id(); }
  [[nodiscard]] bool is_expired() const noexcept override { return expired; }
  std::thread::id* ended_on;
  bool expired = false;
};

TEST(Worker, WhatIsKeptEndsWithTheRunOnItsThread) {
  std::thread::id ended_on;
  Worker worker;
  const int key = 0;
  std::thread thread([&] {
    worker.keep_local(&key, std::make_shared<Kept>(&ended_on));
    EXPECT_NE(worker.find_local(&key), nullptr);
    worker.drain();
    worker.run();
    EXPECT_EQ(ended_on, std::this_thread::get_id());
  });
  thread.join();
  EXPECT_EQ(worker.find_local(&key), nullptr);
}

TEST(Worker, WhatHasExpiredIsNotFoundAndMakesRoom) {
  std::thread::id ended_on, other;
  Worker worker;
  const int first = 0, second = 0;
  const auto kept = std::make_shared<Kept>(&ended_on);
  worker.keep_local(&first, kept);
  kept->expired = true;
  EXPECT_EQ(worker.find_local(&first), nullptr);
  EXPECT_EQ(kept.use_count(), 2);
  worker.keep_local(&second, std::make_shared<Kept>(&other));
  EXPECT_EQ(kept.use_count(), 1);
}

}  // namespace
}  // namespace flare::runtime
