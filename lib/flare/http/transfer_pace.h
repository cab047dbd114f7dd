// Whether a peer keeps a transfer moving (L-2, limits.min_rate). Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace flare::http {

/// A balance of time: waiting for the peer spends it, bytes that move earn it back at `min_rate`. It begins with a
/// grace and never holds more than `longest`, so that a fast start pays for one long pause at most, not for hours of
/// dribbling. What our own side takes to produce or to consume bytes is not counted.
class TransferPace {
 public:
  static constexpr std::chrono::milliseconds kGrace{5000};

  /// `min_rate` in bytes a second; 0: whatever pace.
  TransferPace(std::uint64_t min_rate, std::chrono::milliseconds longest) noexcept
      : rate_(min_rate), longest_(std::max(longest, kGrace)) {}

  void moved(std::uint64_t bytes) noexcept {
    if (rate_ == 0) return;
    const std::uint64_t most = static_cast<std::uint64_t>(longest_.count()) * rate_ / 1000 + 1;  // more earns no more
    unpaid_ += std::min(bytes, most) * 1000;
    left_ = std::min(left_ + std::chrono::milliseconds(unpaid_ / rate_), longest_);
    unpaid_ %= rate_;
  }
  void waited(std::chrono::milliseconds time) noexcept {
    if (rate_ != 0) left_ -= time;
  }
  /// How long the next wait may be; zero: the peer is too slow.
  [[nodiscard]] std::chrono::milliseconds left() const noexcept {
    return rate_ == 0 ? std::chrono::milliseconds::max() : std::max(left_, std::chrono::milliseconds::zero());
  }

 private:
  std::uint64_t rate_;
  std::uint64_t unpaid_ = 0;  ///< of bytes, in thousandths, that have not earned a whole millisecond yet
  std::chrono::milliseconds longest_;
  std::chrono::milliseconds left_ = kGrace;
};

}  // namespace flare::http
