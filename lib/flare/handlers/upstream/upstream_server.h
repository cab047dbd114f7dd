// One server of an upstream pool: what is configured, and the counters that all workers share.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <string>

namespace flare::handlers {

enum class Health : std::uint8_t { kUnknown, kUp, kDown };

/// Shared by all workers; the atomic members are relaxed, as each stands for itself. Times are nanoseconds of one
/// monotonic clock that the caller reads; 0 means never.
struct UpstreamServer {
  std::string address;          ///< as configured or found: host and port, or a unix socket
  std::uint32_t weight = 1;     ///< at least 1
  std::uint32_t max_conns = 0;  ///< 0: no limit
  bool backup = false;

  alignas(64) std::atomic<std::uint32_t> in_flight = 0;
  std::atomic<std::int64_t> ewma = 0;     ///< of the time to an answer's head
  std::atomic<std::int64_t> ewma_at = 0;  ///< when it was last told
  alignas(64) std::atomic<Health> health = Health::kUnknown;
  std::atomic<bool> draining = false;
  std::atomic<std::int64_t> ejected_until = 0;
  std::atomic<std::int64_t> up_since = 0;
  // The pool's, under its lock: errors on the way to an ejection.
  std::uint32_t errors = 0;
  std::int64_t errors_since = 0;

  /// An answer's head came `latency` after its request. What was told longer ago counts less.
  /// Two workers at once may lose one of the two.
  void observe(std::int64_t now, std::int64_t latency) noexcept {
    constexpr double kMemory = 10e9;
    constexpr double kMostKept = 0.7;
    constexpr double kRecent = 0.35 * kMemory;  // exp(-0.35) > kMostKept: usually there is nothing to compute
    constexpr auto kRelaxed = std::memory_order_relaxed;
    const auto before = ewma.load(kRelaxed);
    const auto elapsed = static_cast<double>(now - ewma_at.load(kRelaxed));
    const double part = elapsed < kRecent ? kMostKept : std::min(kMostKept, std::exp(-elapsed / kMemory));
    const double keep = before == 0 ? 0 : part;
    const auto sample = static_cast<double>(std::max<std::int64_t>(latency, 1));
    ewma.store(static_cast<std::int64_t>(static_cast<double>(before) * keep + sample * (1 - keep)) + 1, kRelaxed);
    ewma_at.store(now, kRelaxed);
  }
  /// The weight as slow start scales it: from 10 % to 100 % in `slow_start` after `up_since`.
  [[nodiscard]] double weight_at(std::int64_t now, std::int64_t slow_start) const noexcept {
    const auto since = up_since.load(std::memory_order_relaxed);
    if (slow_start <= 0 || since == 0 || now - since >= slow_start) return weight;
    const auto part = static_cast<double>(std::max<std::int64_t>(now - since, 0)) / static_cast<double>(slow_start);
    return weight * (0.1 + 0.9 * part);
  }
};

}  // namespace flare::handlers
