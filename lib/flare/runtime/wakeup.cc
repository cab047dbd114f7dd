#include "flare/runtime/wakeup.h"

#include <sys/eventfd.h>

#include <cerrno>

#include "flare/base/exception.h"

namespace flare::runtime {

Wakeup::Wakeup() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!fd_) throw_error("cannot create an eventfd", Error::from_errno(errno));
}

void Wakeup::notify() noexcept {
  const int saved = errno;  // a signal handler must leave it alone
  static_cast<void>(::eventfd_write(fd_.get(), 1));
  errno = saved;
}

void Wakeup::clear() noexcept {
  eventfd_t count = 0;
  static_cast<void>(::eventfd_read(fd_.get(), &count));
}

}  // namespace flare::runtime
