#include "flare/runtime/worker_pool.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>

#include "flare/runtime/cpu.h"

namespace flare::runtime {

struct WorkerPool::Thread {
  explicit Thread(std::uint32_t id) : worker(id) {}
  Worker worker;
  std::promise<void> ready;
  std::promise<void> ended;
  std::future<void> has_ended = ended.get_future();
  std::atomic<bool> drained{true};
  std::thread thread;
};

WorkerPool::WorkerPool(WorkerPoolOptions options) : options_(std::move(options)) {
  if (options_.workers < 1 || options_.workers > 256) {
    throw std::invalid_argument("a worker pool has 1 to 256 workers, not " + std::to_string(options_.workers));
  }
}

WorkerPool::~WorkerPool() { stop(); }

void WorkerPool::start(std::function<void(Worker&)> setup) {
  offload_ = std::make_unique<OffloadPool>(options_.offload_threads);
  for (std::uint32_t id = 0; id < options_.workers; ++id) threads_.push_back(std::make_unique<Thread>(id));
  for (auto& thread : threads_) {
    thread->worker.set_offload_pool(offload_.get());
    thread->thread = std::thread([this, &target = *thread, setup] { run(target, setup); });
  }
  std::exception_ptr failure;
  for (auto& thread : threads_) {
    try {
      thread->ready.get_future().get();
    } catch (...) {
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) {
    stop();
    std::rethrow_exception(failure);
  }
}

void WorkerPool::run(Thread& thread, const std::function<void(Worker&)>& setup) {
  const std::uint32_t id = thread.worker.id();
  // A core that has vanished since the affinity was read costs speed, not correctness.
  if (!options_.cpus.empty()) static_cast<void>(pin_this_thread(options_.cpus[id % options_.cpus.size()]));
  try {
    setup(thread.worker);
    thread.ready.set_value();
  } catch (...) {
    thread.ready.set_exception(std::current_exception());
    thread.ended.set_value();
    return;
  }
  thread.worker.run();
  thread.drained = thread.worker.active_tasks() == 0;
  thread.ended.set_value();
}

void WorkerPool::begin_drain() {
  for (auto& thread : threads_) thread->worker.drain();
}

bool WorkerPool::drain(std::chrono::milliseconds deadline, const std::function<bool()>& interrupted) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  constexpr std::chrono::milliseconds kLook{20};
  begin_drain();
  bool complete = true;
  for (auto& thread : threads_) {
    while (complete && thread->has_ended.wait_for(kLook) != std::future_status::ready) {
      complete = std::chrono::steady_clock::now() < end && !(interrupted && interrupted());
    }
  }
  stop();
  return complete;
}

void WorkerPool::stop() {
  for (auto& thread : threads_) {
    if (!thread->thread.joinable()) continue;
    thread->worker.stop();
    thread->thread.join();
  }
  offload_.reset();
}

Worker& WorkerPool::worker(std::size_t index) noexcept { return threads_[index]->worker; }

std::vector<WorkerReport> WorkerPool::report() const {
  std::vector<WorkerReport> reports;
  for (const auto& thread : threads_) {
    const WorkerCounters& counters = thread->worker.counters();
    reports.push_back({.id = thread->worker.id(),
                       .turns = counters.turns.value(),
                       .accepts = counters.accepts.value(),
                       .receives = counters.receives.value(),
                       .sends = counters.sends.value(),
                       .would_block = counters.would_block.value(),
                       .controls = counters.controls.value(),
                       .bytes_in = counters.bytes_in.value(),
                       .bytes_out = counters.bytes_out.value(),
                       .connections = counters.connections.value(),
                       .requests = counters.requests.value(),
                       .handshakes = counters.handshakes.value(),
                       .resumptions = counters.resumptions.value(),
                       .refused = {},
                       .drained = thread->drained});
    std::ranges::transform(counters.refused, reports.back().refused.begin(), &Counter::value);
  }
  return reports;
}

}  // namespace flare::runtime
