// An eventfd: how other threads wake a reactor.
#pragma once

#include "flare/net/unique_fd.h"

namespace flare::runtime {

class Wakeup {
 public:
  /// Throws NetworkError when the system has no descriptor left.
  Wakeup();
  /// Any thread, also in a signal handler.
  void notify() noexcept;
  /// Takes all notifications back; the reactor's thread.
  void clear() noexcept;
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  net::UniqueFd fd_;
};

}  // namespace flare::runtime
