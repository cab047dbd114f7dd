// How much a worker may repeat: what fails everywhere is not made worse by asking twice.
#pragma once

#include <algorithm>
#include <cstdint>

namespace flare::handlers {

/// A share of the requests, saved up to kMost, and a few in any case. Belongs to one worker.
class RetryBudget {
 public:
  static constexpr double kMost = 100;
  static constexpr double kLeast = 10;  ///< is there at first, and comes back at one in a second

  explicit RetryBudget(double share) noexcept : share_(share), saved_(share > 0 ? kLeast : 0) {}

  void request() noexcept { saved_ = std::min(kMost, saved_ + share_); }
  /// True: repeat it. `now` in nanoseconds.
  bool take(std::int64_t now) noexcept {
    if (saved_ < kLeast && share_ > 0) saved_ = std::min(kLeast, saved_ + static_cast<double>(now - taken_) / 1e9);
    taken_ = now;
    if (saved_ < 1) return false;
    saved_ -= 1;
    return true;
  }

 private:
  double share_;
  double saved_;
  std::int64_t taken_ = 0;
};

}  // namespace flare::handlers
