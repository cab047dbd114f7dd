// N workers on N threads.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "flare/runtime/offload.h"
#include "flare/runtime/worker.h"

namespace flare::runtime {

struct WorkerPoolOptions {
  std::uint32_t workers = 1;          ///< 1 to 256
  std::vector<int> cpus;              ///< worker i is pinned to cpus[i % size]; empty: not pinned
  std::uint32_t offload_threads = 4;  ///< for blocking calls; they sleep where there are none
};

/// How a worker ended.
struct WorkerReport {
  std::uint32_t id = 0;
  std::uint64_t turns = 0;
  std::uint64_t accepts = 0;
  std::uint64_t receives = 0;
  std::uint64_t sends = 0;
  std::uint64_t would_block = 0;
  std::uint64_t controls = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t connections = 0;
  std::uint64_t requests = 0;
  std::uint64_t handshakes = 0;
  std::uint64_t resumptions = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(Reason::kCount_)> refused{};
  bool drained = true;  ///< false: tasks were left when the deadline passed
};

/// Started and ended by one thread, its owner's.
class WorkerPool {
 public:
  /// Throws std::invalid_argument for a worker count out of range.
  explicit WorkerPool(WorkerPoolOptions options);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  /// stop() if still running.
  ~WorkerPool();

  /// Runs `setup` on each worker's own thread and returns when all are ready. An exception from any setup stops all
  /// workers and is thrown here.
  void start(std::function<void(Worker&)> setup);
  /// Tells every worker to drain and returns: from here on none of them takes on anything new. Optional before drain().
  void begin_drain();
  /// No new work; true when every task ended by itself within `deadline`, else what is left is closed. `interrupted`,
  /// if given, is asked every few milliseconds: true ends the wait early. Then as after stop().
  bool drain(std::chrono::milliseconds deadline, const std::function<bool()>& interrupted = {});
  /// Ends the workers after their present turn and joins them.
  void stop();

  [[nodiscard]] std::size_t size() const noexcept { return threads_.size(); }
  [[nodiscard]] Worker& worker(std::size_t index) noexcept;
  [[nodiscard]] OffloadPool& offload() noexcept { return *offload_; }
  /// Any time: what each worker has done so far.
  [[nodiscard]] std::vector<WorkerReport> report() const;

 private:
  struct Thread;
  void run(Thread& thread, const std::function<void(Worker&)>& setup);

  WorkerPoolOptions options_;
  std::vector<std::unique_ptr<Thread>> threads_;
  std::unique_ptr<OffloadPool> offload_;  // ends before the workers its results go to
};

}  // namespace flare::runtime
