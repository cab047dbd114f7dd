// How calls that wait are made of coroutines: for programs that have no worker of their own.
#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "flare/runtime/task.h"
#include "flare/runtime/worker.h"

namespace flare::runtime {
namespace detail {

template <class T>
using Kept = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

/// A root that lets no exception out.
template <class T>
Task<void> keep(Task<T> task, std::optional<Kept<T>>& result, std::exception_ptr& failure) {
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(task);
      result.emplace();
    } else {
      result.emplace(co_await std::move(task));
    }
  } catch (...) {
    failure = std::current_exception();
  }
}

}  // namespace detail

/// Turns the reactor of `worker`, which nobody else runs, until `task` is done: deadlines within it see to it that it
/// will be. Gives what it returns, throws what it throws. Not for a worker's own thread, which would stand still.
template <class T>
T block_on(Worker& worker, Task<T> task) {
  constexpr std::chrono::milliseconds kTurn{1000};
  std::optional<detail::Kept<T>> result;
  std::exception_ptr failure;
  worker.spawn(detail::keep<T>(std::move(task), result, failure));
  while (!result && !failure) worker.run_once(kTurn);
  if (failure) std::rethrow_exception(failure);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace flare::runtime
