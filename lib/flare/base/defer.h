// A scope guard.
#pragma once

#include <concepts>
#include <utility>

namespace flare {

/// Runs `action` at the end of the scope, unless dismissed: `const Defer restore([&] { ... });`
/// The action must not throw.
template <std::invocable Action>
class [[nodiscard]] Defer {
 public:
  explicit Defer(Action action) noexcept(noexcept(Action(std::move(action)))) : action_(std::move(action)) {}
  Defer(const Defer&) = delete;
  Defer& operator=(const Defer&) = delete;
  ~Defer() {
    if (armed_) action_();
  }

  /// The work is done or no longer wanted.
  void dismiss() noexcept { armed_ = false; }

 private:
  Action action_;
  bool armed_ = true;
};

}  // namespace flare
