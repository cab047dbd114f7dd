// A circuit breaker: where too many requests fail, nobody is asked for a while.
#pragma once

#include <atomic>
#include <cstdint>

namespace flare::handlers {

/// Any thread; takes no lock. Times are nanoseconds, monotonic. Counts at the edge of a window may go to either side.
class Breaker {
 public:
  struct Options {
    double failures = 0.5;  ///< part of a window's requests
    std::uint32_t requests = 20;
    std::int64_t window = 0;
    std::int64_t open = 0;
  };
  /// kTrial: the one request that decides whether it closes again.
  enum class Admission : std::uint8_t { kYes, kTrial, kNo };

  explicit Breaker(const Options& options) noexcept : options_(options) {}

  Admission admit(std::int64_t now) noexcept {
    std::int64_t until = open_until_.load(std::memory_order_relaxed);
    if (until == 0) return Admission::kYes;
    if (now < until) return Admission::kNo;
    // Where a trial never ends, the next one begins after the same time.
    return open_until_.compare_exchange_strong(until, now + options_.open, std::memory_order_relaxed)
               ? Admission::kTrial
               : Admission::kNo;
  }

  void count(bool good, Admission admission, std::int64_t now) noexcept {
    constexpr auto kRelaxed = std::memory_order_relaxed;
    if (admission == Admission::kTrial) {
      open_until_.store(good ? 0 : now + options_.open, kRelaxed);
      begin_window(now);
      return;
    }
    if (now - window_.load(kRelaxed) > options_.window) begin_window(now);
    const auto all = all_.fetch_add(1, kRelaxed) + 1;
    const auto failed = failed_.fetch_add(good ? 0 : 1, kRelaxed) + (good ? 0U : 1U);
    if (!good && all >= options_.requests && failed >= options_.failures * all) {
      std::int64_t closed = 0;
      open_until_.compare_exchange_strong(closed, now + options_.open, kRelaxed);
    }
  }

 private:
  void begin_window(std::int64_t now) noexcept {
    window_.store(now, std::memory_order_relaxed);
    all_.store(0, std::memory_order_relaxed);
    failed_.store(0, std::memory_order_relaxed);
  }

  Options options_;
  std::atomic<std::int64_t> open_until_ = 0;  ///< 0: closed
  std::atomic<std::int64_t> window_ = 0;      ///< since when it counts
  std::atomic<std::uint32_t> all_ = 0;
  std::atomic<std::uint32_t> failed_ = 0;
};

}  // namespace flare::handlers
