// Waiting for the first of two things to be told.
#pragma once

#include <coroutine>
#include <optional>
#include <utility>

#include "flare/runtime/cancellation.h"

namespace flare::runtime {

/// `co_await until(a, b)` goes on when either is cancelled, at once where one is already. Which of them it was, they
/// say. Both live until then.
class Until {
 public:
  Until(Cancellation& first, Cancellation& second) noexcept : first_(first), second_(second) {}
  Until(const Until&) = delete;
  Until& operator=(const Until&) = delete;

  [[nodiscard]] bool await_ready() const noexcept { return first_.is_cancelled() || second_.is_cancelled(); }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    ears_.emplace(*this);
  }
  void await_resume() const noexcept {}

 private:
  struct Ear final : Cancellation::Listener {
    Ear(Cancellation& to, Until& of) noexcept : Listener(to), owner(of) {}
    void on_cancel() override {
      if (owner.waiting_) std::exchange(owner.waiting_, {}).resume();  // the last thing: it may be gone by that
    }
    Until& owner;
  };
  struct Ears {
    explicit Ears(Until& of) noexcept : first(of.first_, of), second(of.second_, of) {}
    Ear first;
    Ear second;
  };

  Cancellation& first_;
  Cancellation& second_;
  std::coroutine_handle<> waiting_;
  std::optional<Ears> ears_;
};

inline Until until(Cancellation& first, Cancellation& second) noexcept { return {first, second}; }

}  // namespace flare::runtime
