// A file descriptor with several owners.
#pragma once

#include <memory>
#include <utility>

#include "flare/net/unique_fd.h"

namespace flare::net {

/// Closes with its last copy, on whichever thread that is. Default-constructed it is empty: -1.
class SharedFd {
 public:
  SharedFd() noexcept = default;
  SharedFd(UniqueFd fd)
      : fd_(std::make_shared<const UniqueFd>(std::move(fd))) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] int get() const noexcept { return fd_ ? fd_->get() : -1; }
  [[nodiscard]] explicit operator bool() const noexcept { return get() >= 0; }

 private:
  std::shared_ptr<const UniqueFd> fd_;
};

}  // namespace flare::net
