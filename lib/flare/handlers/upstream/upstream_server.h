// One server of an upstream pool: what is configured, and the counters that all workers share.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>

namespace flare::handlers {

enum class Health : std::uint8_t { kUnknown, kUp, kDown };

/// Shared by all workers; every member below `address` is atomic and relaxed, as each stands for itself.
/// Times are nanoseconds of one monotonic clock that the caller reads; 0 means never.
struct UpstreamServer {
  std::string address;
  std::uint32_t weight = 1;     ///< at least 1
  std::uint32_t max_conns = 0;  ///< 0: no limit
  bool backup = false;

  alignas(64) std::atomic<std::uint32_t> in_flight = 0;
  std::atomic<std::int64_t> ewma = 0;  ///< of latency
  alignas(64) std::atomic<Health> health = Health::kUnknown;
  std::atomic<bool> draining = false;
  std::atomic<std::int64_t> ejected_until = 0;
  std::atomic<std::int64_t> up_since = 0;

  /// The weight as slow start scales it: from 10 % to 100 % in `slow_start` after `up_since`.
  [[nodiscard]] double weight_at(std::int64_t now, std::int64_t slow_start) const noexcept {
    const auto since = up_since.load(std::memory_order_relaxed);
    if (slow_start <= 0 || since == 0 || now - since >= slow_start) return weight;
    const auto part = static_cast<double>(std::max<std::int64_t>(now - since, 0)) / static_cast<double>(slow_start);
    return weight * (0.1 + 0.9 * part);
  }
};

}  // namespace flare::handlers
