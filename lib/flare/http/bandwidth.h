// How fast one response may leave (limits.bandwidth). Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

#include "flare/runtime/timer_wheel.h"

namespace flare::http {

/// Hands out bytes at `rate` a second, a twentieth of a second's worth at a time, so that the pace is even. What was
/// not taken in time is made up for, up to a quarter of a second's worth: timers are late by a tick, readers pause.
class Bandwidth {
 public:
  static constexpr std::chrono::milliseconds kMakeUp{250};

  /// 0: as fast as it goes.
  explicit Bandwidth(std::uint64_t rate) noexcept
      : rate_(rate), share_(std::clamp<std::uint64_t>(rate / kSharesPerSecond, 1, kLargestShare)) {}

  [[nodiscard]] bool is_limited() const noexcept { return rate_ != 0; }
  /// How many bytes may leave at once.
  [[nodiscard]] std::uint64_t share() const noexcept {
    return is_limited() ? share_ : std::numeric_limits<std::uint64_t>::max();
  }
  void sent(std::uint64_t bytes, runtime::TimePoint now) noexcept {
    if (!is_limited()) return;
    // Whole seconds apart: a piece in memory may be large enough to overflow the product.
    const auto cost =
        std::chrono::seconds(bytes / rate_) + std::chrono::microseconds(bytes % rate_ * 1'000'000 / rate_);
    paid_until_ = std::max<Moment>(paid_until_, now - kMakeUp) + cost;
  }
  /// How long until the next share may leave; zero: now.
  [[nodiscard]] std::chrono::milliseconds wait(runtime::TimePoint now) const noexcept {
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(paid_until_ - now), std::chrono::milliseconds(0));
  }

 private:
  using Moment = std::chrono::time_point<std::chrono::steady_clock, std::chrono::microseconds>;
  static constexpr std::uint64_t kSharesPerSecond = 20;
  static constexpr std::uint64_t kLargestShare = 256 * 1024;

  std::uint64_t rate_;
  std::uint64_t share_;
  Moment paid_until_{};
};

}  // namespace flare::http
