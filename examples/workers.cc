// Workers without a protocol: each has a thread, a reactor and its own coroutines; nothing is shared but what you
// share.
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>

#include "flare/runtime/worker_pool.h"

using namespace flare;

namespace {

constexpr int kTicks = 3;

/// A coroutine's parameters are values or outlive it, as `ticks` does; it is never a lambda with captures.
runtime::Task<void> tick(runtime::Worker& worker, std::atomic<int>& ticks) {
  for (int i = 0; i < kTicks; ++i) {
    co_await worker.sleep(std::chrono::milliseconds(10));
    ++ticks;
  }
}

}  // namespace

int main() {
  std::array<std::atomic<int>, 4> ticks{};
  runtime::WorkerPool pool({.workers = 4});
  pool.start([&](runtime::Worker& worker) { worker.spawn(tick(worker, ticks[worker.id()])); });  // on each thread
  const bool drained = pool.drain(std::chrono::seconds(10));  // no new work; returns when the last task has ended

  int total = 0;
  for (const auto& count : ticks) total += count;
  for (const runtime::WorkerReport& report : pool.report()) {
    std::printf("worker %u: %d ticks\n", report.id, ticks[report.id].load());
  }
  return drained && total == 4 * kTicks ? 0 : 1;
}
