// Blocking calls on threads of their own, so that no reactor ever waits for a disk or a resolver.
#pragma once

#include <atomic>
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

#include "flare/runtime/cancellation.h"
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

namespace detail {

/// Shared by whoever waits and the thread that works: either may end first.
template <class F>
struct OffloadJob {
  using Value = std::invoke_result_t<F&>;
  static_assert(!std::is_void_v<Value>, "return something, if only whether it worked");

  OffloadJob(Worker& owner, F function) : worker(owner), f(std::move(function)) {}
  OffloadJob(const OffloadJob&) = delete;
  OffloadJob& operator=(const OffloadJob&) = delete;

  static void submit(OffloadPool& pool, std::shared_ptr<OffloadJob> job) {
    pool.submit([job = std::move(job)] {
      if (!job->abandoned.load(std::memory_order_relaxed)) job->run();
      job->worker.post([job] {
        if (job->waiting) job->waiting.resume();
      });
    });
  }
  void run() noexcept {
    try {
      value.emplace(f());
    } catch (...) {
      failure = std::current_exception();
    }
  }
  Value take() {
    if (failure) std::rethrow_exception(failure);
    return std::move(*value);
  }

  Worker& worker;
  F f;
  std::optional<Value> value;
  std::exception_ptr failure;
  std::atomic<bool> abandoned = false;  ///< nobody waits any more: not to be begun
  std::coroutine_handle<> waiting;      ///< touched on the worker only
};

}  // namespace detail

/// `co_await offload(worker, pool, f)`: runs f() on the pool, continues on `worker` with its result, or throws what f
/// threw. f must own what it uses: should the worker end first, f may still be running.
template <class F>
class Offload {
  using Job = detail::OffloadJob<F>;

 public:
  Offload(Worker& worker, OffloadPool& pool, F f) : pool_(pool), job_(std::make_shared<Job>(worker, std::move(f))) {}
  Offload(const Offload&) = delete;
  Offload& operator=(const Offload&) = delete;
  ~Offload() {
    job_->waiting = {};
    job_->abandoned.store(true, std::memory_order_relaxed);
  }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    job_->waiting = waiting;
    Job::submit(pool_, job_);
  }
  typename Job::Value await_resume() { return job_->take(); }

 private:
  OffloadPool& pool_;
  std::shared_ptr<Job> job_;
};

/// The same for somebody who may leave: nullopt as soon as `gone` says so. Work that has not begun by then is never
/// done, so that those who left do not stand in the way of those who stay.
template <class F>
class CancellableOffload final : private Cancellation::Listener {
  using Job = detail::OffloadJob<F>;

 public:
  CancellableOffload(Worker& worker, OffloadPool& pool, Cancellation& gone, F f)
      : Listener(gone),
        pool_(pool),
        job_(std::make_shared<Job>(worker, std::move(f))),
        cancelled_(gone.is_cancelled()) {}
  ~CancellableOffload() override { abandon(); }

  [[nodiscard]] bool await_ready() const noexcept { return cancelled_; }
  void await_suspend(std::coroutine_handle<> waiting) {
    job_->waiting = waiting;
    Job::submit(pool_, job_);
  }
  std::optional<typename Job::Value> await_resume() {
    if (cancelled_) return std::nullopt;
    return job_->take();
  }

 private:
  std::coroutine_handle<> abandon() noexcept {
    job_->abandoned.store(true, std::memory_order_relaxed);
    return std::exchange(job_->waiting, {});
  }
  void on_cancel() override {
    cancelled_ = true;
    if (const auto waiting = abandon()) waiting.resume();  // the last thing: this may be gone by that
  }

  OffloadPool& pool_;
  std::shared_ptr<Job> job_;
  bool cancelled_;
};

template <class F>
Offload<F> offload(Worker& worker, OffloadPool& pool, F f) {
  return Offload<F>(worker, pool, std::move(f));
}
template <class F>
CancellableOffload<F> offload(Worker& worker, OffloadPool& pool, Cancellation& gone, F f) {
  return CancellableOffload<F>(worker, pool, gone, std::move(f));
}

}  // namespace flare::runtime
