#include "flare/runtime/task.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "flare/runtime/worker.h"

namespace flare::runtime {
namespace {

Task<int> answer() { co_return 42; }
Task<int> add(int a, int b) { co_return a + b; }
Task<int> nested() { co_return co_await answer() + co_await add(1, 2); }
Task<std::unique_ptr<std::string>> move_only() { co_return std::make_unique<std::string>("owned"); }
Task<int> failing() {
  throw std::runtime_error("on purpose");
  co_return 0;
}
Task<int> deep(int levels) {
  if (levels == 0) co_return 0;
  co_return 1 + co_await deep(levels - 1);
}

/// Runs a task to its end on a worker of its own.
template <class T>
T run(Task<T> task) {
  Worker worker;
  std::optional<T> result;
  std::exception_ptr failure;
  const auto root = [](Task<T> inner, std::optional<T>& out, std::exception_ptr& error) -> Task<void> {
    try {
      out.emplace(co_await std::move(inner));
    } catch (...) {
      error = std::current_exception();
    }
  };
  worker.spawn(root(std::move(task), result, failure));
  while (worker.active_tasks() != 0) worker.run_once(std::chrono::milliseconds(100));
  if (failure) std::rethrow_exception(failure);
  return std::move(*result);
}

TEST(Task, GivesItsResultToTheAwaiter) { EXPECT_EQ(run(nested()), 45); }
TEST(Task, MovesResultsThatCannotBeCopied) { EXPECT_EQ(*run(move_only()), "owned"); }
TEST(Task, ThrowsWhatLeftTheCoroutineWhereItIsAwaited) { EXPECT_THROW(run(failing()), std::runtime_error); }
TEST(Task, ChainsDeeply) { EXPECT_EQ(run(deep(2'000)), 2'000); }

TEST(Task, KeepsItsResultForWhoKeepsTheTask) {
  Worker worker;
  Task<std::unique_ptr<std::string>> good = move_only();
  Task<int> bad = failing();
  const auto both = [](auto& first, auto& second) -> Task<void> {
    co_await first.finished();
    co_await second.finished();
  };
  worker.spawn(both(good, bad));
  ASSERT_EQ(worker.active_tasks(), 0U);
  EXPECT_EQ(*good.result(), "owned");
  EXPECT_EQ(&good.result(), &good.result());
  EXPECT_THROW(static_cast<void>(bad.result()), std::runtime_error);
}

TEST(Task, IsLazyAndMayBeDroppedUnstarted) {
  bool started = false;
  {
    const auto make = [](bool& flag) -> Task<void> {
      flag = true;
      co_return;
    };
    const Task<void> task = make(started);
  }
  EXPECT_FALSE(started);
}

TEST(FramePool, ServesEverySizeAndTakesMemoryBackInAnyOrder) {
  std::vector<std::pair<void*, std::size_t>> frames;
  for (std::size_t size = 1; size < 6000; size += 37) {
    void* frame = allocate_frame(size);
    std::fill_n(static_cast<char*>(frame), size, '\x5a');
    frames.emplace_back(frame, size);
  }
  for (auto [frame, size] : frames) release_frame(frame, size);
}

}  // namespace
}  // namespace flare::runtime
