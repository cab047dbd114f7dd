// recv and send as bare system calls. glibc makes cancellation points of its own: two atomic operations for each call
// of a process with threads, a hundredth of all that a small request costs. Nobody cancels threads here.
#pragma once

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstddef>

#include "flare/base/sanitizers.h"

namespace flare::tcp {

inline constexpr bool kBareCalls = !kAddressSanitizer && !kThreadSanitizer;  // they know glibc's names alone

inline ssize_t receive(int fd, void* into, std::size_t size, int flags) {
  if constexpr (kBareCalls) return ::syscall(SYS_recvfrom, fd, into, size, flags, nullptr, nullptr);
  return ::recv(fd, into, size, flags);
}

inline ssize_t send(int fd, const void* bytes, std::size_t size, int flags) {
  if constexpr (kBareCalls) return ::syscall(SYS_sendto, fd, bytes, size, flags, nullptr, std::size_t{0});
  return ::send(fd, bytes, size, flags);
}

inline ssize_t send_message(int fd, const msghdr& message, int flags) {
  if constexpr (kBareCalls) return ::syscall(SYS_sendmsg, fd, &message, flags);
  return ::sendmsg(fd, &message, flags);
}

}  // namespace flare::tcp
