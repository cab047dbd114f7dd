// A lock for sections of a few nanoseconds that call nothing.
#pragma once

#include <atomic>
#include <thread>

namespace flare {

/// Meets std::lock_guard's needs. Who finds it taken for longer than such a section lasts gives up the core, because
/// the holder may be waiting for one.
class SpinLock {
 public:
  void lock() noexcept {
    while (taken_.exchange(true, std::memory_order_acquire)) {
      for (int looks = 0; taken_.load(std::memory_order_relaxed); ++looks) {
        if (looks < kLooks) {
          __builtin_ia32_pause();
        } else {
          std::this_thread::yield();
        }
      }
    }
  }
  void unlock() noexcept { taken_.store(false, std::memory_order_release); }

 private:
  static constexpr int kLooks = 64;
  std::atomic<bool> taken_ = false;
};

}  // namespace flare
