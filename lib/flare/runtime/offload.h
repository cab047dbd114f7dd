// Blocking calls on threads of their own, so that no reactor ever waits for a disk or a resolver.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "flare/runtime/worker.h"

namespace flare::runtime {

/// Runs jobs in order of arrival on `threads` threads. Ends before the workers that await it; jobs not begun by then
/// are dropped.
class OffloadPool {
 public:
  explicit OffloadPool(std::uint32_t threads);
  OffloadPool(const OffloadPool&) = delete;
  OffloadPool& operator=(const OffloadPool&) = delete;
  ~OffloadPool();

  /// Any thread.
  void submit(std::move_only_function<void()> job);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wanted_;
  std::deque<std::move_only_function<void()>> jobs_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

/// `co_await offload(worker, pool, f)`: runs f() on the pool, continues on `worker` with its result, or throws what f
/// threw. f must own what it uses: should the worker end first, f may still be running.
template <class F>
class Offload {
 public:
  using Value = std::invoke_result_t<F&>;
  static_assert(!std::is_void_v<Value>, "return something, if only whether it worked");

  Offload(Worker& worker, OffloadPool& pool, F f) : pool_(pool), job_(std::make_shared<Job>(worker, std::move(f))) {}
  Offload(const Offload&) = delete;
  Offload& operator=(const Offload&) = delete;
  ~Offload() { job_->waiting = {}; }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    job_->waiting = waiting;
    pool_.submit([job = job_] {
      try {
        job->value.emplace(job->f());
      } catch (...) {
        job->failure = std::current_exception();
      }
      job->worker.post([job] {
        if (job->waiting) job->waiting.resume();
      });
    });
  }
  Value await_resume() {
    if (job_->failure) std::rethrow_exception(job_->failure);
    return std::move(*job_->value);
  }

 private:
  struct Job {
    Job(Worker& owner, F function) : worker(owner), f(std::move(function)) {}
    Worker& worker;
    F f;
    std::optional<Value> value;
    std::exception_ptr failure;
    std::coroutine_handle<> waiting;  // touched on the worker only
  };

  OffloadPool& pool_;
  std::shared_ptr<Job> job_;
};

template <class F>
Offload<F> offload(Worker& worker, OffloadPool& pool, F f) {
  return Offload<F>(worker, pool, std::move(f));
}

}  // namespace flare::runtime
