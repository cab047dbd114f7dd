// A number that one thread writes and any thread may read.
#pragma once

#include <atomic>
#include <cstdint>

namespace flare::runtime {

/// No read-modify-write instruction: adding costs what a plain integer costs. Monotonic.
class Counter {
 public:
  void add(std::uint64_t count = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace flare::runtime
