// A file descriptor with one owner.
#pragma once

#include <utility>

namespace flare::net {

/// Closes on destruction. -1 is empty. Not thread-safe.
class UniqueFd {
 public:
  constexpr UniqueFd() noexcept = default;
  constexpr explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  constexpr UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  constexpr UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  constexpr ~UniqueFd() { reset(); }

  [[nodiscard]] constexpr int get() const noexcept { return fd_; }
  [[nodiscard]] constexpr explicit operator bool() const noexcept { return fd_ >= 0; }
  /// Gives the descriptor away.
  [[nodiscard]] constexpr int release() noexcept { return std::exchange(fd_, -1); }
  constexpr void reset(int fd = -1) noexcept {
    const int old = std::exchange(fd_, fd);
    if (old >= 0) close_descriptor(old);
  }

 private:
  static void close_descriptor(int fd) noexcept;

  int fd_ = -1;
};

}  // namespace flare::net
