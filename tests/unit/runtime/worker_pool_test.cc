#include "flare/runtime/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "flare/runtime/cpu.h"

namespace flare::runtime {
namespace {

using std::chrono::milliseconds;

TEST(WorkerPool, RefusesWorkerCountsOutOfRange) {
  EXPECT_THROW(WorkerPool({.workers = 0, .cpus = {}}), std::invalid_argument);
  EXPECT_THROW(WorkerPool({.workers = 257, .cpus = {}}), std::invalid_argument);
}

TEST(WorkerPool, RunsTheSetupOnEachWorkersOwnThread) {
  WorkerPool pool({.workers = 4, .cpus = allowed_cpus()});
  std::mutex mutex;
  std::set<std::thread::id> threads;
  std::set<std::uint32_t> ids;
  pool.start([&](Worker& worker) {
    const std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
    ids.insert(worker.id());
  });
  EXPECT_EQ(threads.size(), 4U);
  EXPECT_EQ(ids, (std::set<std::uint32_t>{0, 1, 2, 3}));
  EXPECT_TRUE(pool.drain(milliseconds(5000)));
  EXPECT_EQ(pool.report().size(), 4U);
}

TEST(WorkerPool, ASetupThatThrowsStopsAllAndIsThrownToTheStarter) {
  WorkerPool pool({.workers = 3, .cpus = {}});
  EXPECT_THROW(pool.start([](Worker& worker) {
    if (worker.id() == 1) throw std::runtime_error("no luck");
  }),
               std::runtime_error);
}

Task<void> sleep(Worker& worker, milliseconds duration) { co_await worker.sleep(duration); }

TEST(WorkerPool, ADrainWaitsForTasksThatEndAndGivesUpOnThoseThatDoNot) {
  WorkerPool quick({.workers = 2, .cpus = {}});
  quick.start([](Worker& worker) { worker.spawn(sleep(worker, milliseconds(50))); });
  EXPECT_TRUE(quick.drain(milliseconds(5000)));

  WorkerPool stuck({.workers = 2, .cpus = {}});
  stuck.start([](Worker& worker) { worker.spawn(sleep(worker, std::chrono::hours(1))); });
  EXPECT_FALSE(stuck.drain(milliseconds(50)));
  for (const WorkerReport& report : stuck.report()) EXPECT_FALSE(report.drained);
}

TEST(WorkerPool, ADrainCanBeInterrupted) {
  WorkerPool pool({.workers = 1, .cpus = {}});
  pool.start([](Worker& worker) { worker.spawn(sleep(worker, std::chrono::hours(1))); });
  EXPECT_FALSE(pool.drain(std::chrono::hours(1), [] { return true; }));
}

struct Threads {
  std::thread::id worker;
  std::thread::id job;
  std::thread::id after;
  int value = 0;
  bool threw = false;
  std::latch done{1};
};

Task<void> use_offload(Worker& worker, OffloadPool& pool, Threads& seen) {
  seen.worker = std::this_thread::get_id();
  seen.value = co_await offload(worker, pool, [&seen] {
    seen.job = std::this_thread::get_id();
    return 7;
  });
  seen.after = std::this_thread::get_id();
  try {
    co_await offload(worker, pool, []() -> int { throw std::runtime_error("inside"); });
  } catch (const std::runtime_error&) {
    seen.threw = true;
  }
  seen.done.count_down();
}

TEST(Offload, RunsElsewhereAndContinuesOnTheWorker) {
  WorkerPool pool({.workers = 1, .cpus = {}, .offload_threads = 2});
  Threads seen;
  pool.start([&](Worker& worker) { worker.spawn(use_offload(worker, pool.offload(), seen)); });
  seen.done.wait();
  EXPECT_TRUE(pool.drain(milliseconds(5000)));
  EXPECT_EQ(seen.value, 7);
  EXPECT_TRUE(seen.threw);
  EXPECT_NE(seen.job, seen.worker);
  EXPECT_EQ(seen.after, seen.worker);
}

Task<void> offload_until(Worker& worker, OffloadPool& pool, std::latch& started, std::latch& may_end) {
  co_await offload(worker, pool, [&started, &may_end] {
    started.count_down();
    may_end.wait();
    return 0;
  });
}

/// What became of a job behind one that holds the only thread, for somebody who leaves.
struct Leaver {
  Cancellation gone;
  std::latch held{1};
  std::latch may_go{1};
  std::atomic<bool> begun = false;
  bool left = false;
  std::latch all_done{2};
};

Task<void> hold_the_thread(Worker& worker, OffloadPool& pool, Leaver& leaver) {
  co_await offload(worker, pool, [&leaver] {
    leaver.held.count_down();
    leaver.may_go.wait();
    return 0;
  });
  leaver.all_done.count_down();
}

Task<void> wait_and_leave(Worker& worker, OffloadPool& pool, Leaver& leaver) {
  const auto value = co_await offload(worker, pool, leaver.gone, [&leaver] {
    leaver.begun = true;
    return 1;
  });
  leaver.left = !value;
  leaver.all_done.count_down();
}

TEST(Offload, WorkForWhoHasLeftIsNotBegun) {
  WorkerPool pool({.workers = 1, .cpus = {}, .offload_threads = 1});
  Leaver leaver;
  pool.start([&](Worker& worker) {
    worker.spawn(hold_the_thread(worker, pool.offload(), leaver));
    worker.spawn(wait_and_leave(worker, pool.offload(), leaver));
    worker.post([&leaver] {
      leaver.gone.cancel();
      EXPECT_TRUE(leaver.left) << "nobody waits for the thread to be free";
      leaver.may_go.count_down();
    });
  });
  leaver.all_done.wait();
  EXPECT_TRUE(pool.drain(milliseconds(5000)));
  EXPECT_FALSE(leaver.begun);
}

Task<void> stay(Worker& worker, OffloadPool& pool, Cancellation& gone, std::optional<int>& value, std::latch& done) {
  value = co_await offload(worker, pool, gone, [] { return 7; });
  done.count_down();
}

TEST(Offload, WhoStaysGetsHisResult) {
  WorkerPool pool({.workers = 1, .cpus = {}, .offload_threads = 1});
  Cancellation gone;
  std::optional<int> value;
  std::latch done(1);
  pool.start([&](Worker& worker) { worker.spawn(stay(worker, pool.offload(), gone, value, done)); });
  done.wait();
  EXPECT_TRUE(pool.drain(milliseconds(5000)));
  EXPECT_EQ(value, 7);
}

TEST(Offload, AWorkerMayEndBeforeItsJob) {
  std::latch started(1);
  std::latch may_end(1);
  WorkerPool pool({.workers = 1, .cpus = {}});
  pool.start([&](Worker& worker) { worker.spawn(offload_until(worker, pool.offload(), started, may_end)); });
  started.wait();
  std::thread release([&] { may_end.count_down(); });
  static_cast<void>(pool.drain(milliseconds(0)));  // complete or not: what counts is that nothing is touched too late
  release.join();
}

TEST(Cpu, ReadsCgroupQuotas) {
  EXPECT_EQ(parse_cpu_max("max 100000"), 0U);
  EXPECT_EQ(parse_cpu_max("200000 100000"), 2U);
  EXPECT_EQ(parse_cpu_max("150000 100000"), 2U) << "rounded up";
  EXPECT_EQ(parse_cpu_max("10000 100000"), 1U);
  EXPECT_EQ(parse_cpu_max(""), 0U);
  EXPECT_EQ(parse_cpu_max("-1 100000"), 0U) << "cgroup v1's word for none";
}

TEST(Cpu, CountsAtLeastOneWorkerAndSaysWhy) {
  const WorkerCount count = default_worker_count();
  EXPECT_GE(count.count, 1U);
  EXPECT_LE(count.count, 256U);
  EXPECT_FALSE(count.because.empty());
  EXPECT_LE(count.count, allowed_cpus().size());
}

}  // namespace
}  // namespace flare::runtime
