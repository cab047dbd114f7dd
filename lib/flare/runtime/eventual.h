// A result that is there already, or a task that will have it.
#pragma once

#include <coroutine>
#include <optional>
#include <utility>

#include "flare/runtime/task.h"

namespace flare::runtime {

/// co_await it once: costs no coroutine frame and no suspension where the result is there.
template <class T>
class [[nodiscard]] Eventual {
 public:
  Eventual(T value) : value_(std::move(value)) {}              // NOLINT: a result converts
  Eventual(Task<T> task) noexcept : task_(std::move(task)) {}  // NOLINT
  Eventual(const Eventual&) = delete;
  Eventual& operator=(const Eventual&) = delete;

  [[nodiscard]] bool await_ready() const noexcept { return value_.has_value(); }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) {
    awaiter_.emplace(std::move(*task_).operator co_await());
    return awaiter_->await_suspend(waiting);
  }
  T await_resume() { return value_ ? std::move(*value_) : awaiter_->await_resume(); }

 private:
  using Awaiter = decltype(std::declval<Task<T>>().operator co_await());

  std::optional<T> value_;
  std::optional<Task<T>> task_;
  std::optional<Awaiter> awaiter_;
};

}  // namespace flare::runtime
