// The keys that session tickets are sealed with (RFC 8446 §4.6.1, RFC 5077): one set for all workers and all
// certificates of a process, so that a session resumes wherever its client comes back.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

namespace flare::tls {

/// Any thread; readers take no lock. A key seals tickets for `rotate` and opens them for `keep` times as long after
/// that, so a ticket lives between keep and keep + 1 rotations.
class TicketKeys {
 public:
  using Clock = std::chrono::steady_clock;
  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher;
    std::array<unsigned char, 32> mac;
  };

  /// Throws std::invalid_argument for rotate <= 0 or keep above 64, flare::Exception when the system has no randomness.
  TicketKeys(std::chrono::seconds rotate, std::size_t keep, Clock::time_point now = Clock::now());
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;
  ~TicketKeys();

  /// Seals; made anew when its time is over.
  const Key& current(Clock::time_point now = Clock::now());
  struct Found {
    const Key* key = nullptr;  ///< nullptr: none of that name, or too old
    bool is_current = false;   ///< else whoever comes with it should get a new ticket
  };
  Found find(std::span<const unsigned char, 16> name, Clock::time_point now = Clock::now());
  /// What clients are told: how long every ticket opens. With no old keys kept that is nothing sure; one rotation then.
  [[nodiscard]] std::chrono::seconds lifetime() const noexcept {
    return rotate_ * static_cast<long>(std::max<std::size_t>(keep_, 1));
  }

 private:
  void rotate_if_due(Clock::time_point now);
  void make(Key& key);

  std::chrono::seconds rotate_;
  std::size_t keep_;
  // A ring: readers look at the current key and the `keep` before it, never at the one being made.
  std::vector<Key> ring_;
  std::atomic<std::uint64_t> current_{0};  ///< keys made so far, less one
  std::atomic<Clock::rep> due_;            ///< of the next rotation
  std::mutex rotating_;
};

}  // namespace flare::tls
