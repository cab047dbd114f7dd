#include "flare/handlers/beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "flare/handlers/beneath_walk.h"

namespace flare::handlers {
namespace {

using net::UniqueFd;

constexpr int kOpenFlags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;  // O_NONBLOCK: a FIFO must not hold us (F-5)
constexpr std::uint64_t kResolveCached = 0x20;                            // RESOLVE_CACHED, Linux 5.12
constexpr int kMostRaces = 64;

std::uint64_t resolve_flags(Symlinks symlinks, Patience patience) noexcept {
  std::uint64_t flags = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  if (symlinks == Symlinks::kNever) flags |= RESOLVE_NO_SYMLINKS;
  if (patience == Patience::kNever) flags |= kResolveCached;
  return flags;
}

Result<UniqueFd> open_with_kernel(int root, const char* path, std::uint64_t resolve) noexcept {
  const open_how how = {.flags = kOpenFlags, .mode = 0, .resolve = resolve};
  for (int races = 0;;) {
    const long fd = ::syscall(SYS_openat2, root, path, &how, sizeof how);
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    const bool cached_only = (resolve & kResolveCached) != 0;
    if (cached_only && errno == EINVAL) return fail_errno(EAGAIN);  // a kernel that does not know the flag
    // Something on the way was renamed while ".." was resolved, and the kernel cannot rule out that this led outside.
    const bool raced = errno == EAGAIN && !cached_only;
    if (raced && ++races > kMostRaces) return fail_errno(EXDEV);
    if (errno != EINTR && !raced) return fail_errno(errno);
  }
}

}  // namespace

BeneathMethod choose_beneath_method(int root) noexcept {
  const auto opened = open_with_kernel(root, ".", resolve_flags(Symlinks::kNever, Patience::kWait));
  const bool refused = !opened && (opened.error().sys_errno == ENOSYS || opened.error().sys_errno == EPERM);
  return refused ? BeneathMethod::kWalk : BeneathMethod::kOpenat2;
}

Result<UniqueFd> open_beneath(int root, const std::string& path, BeneathMethod method, Symlinks symlinks,
                              Patience patience) {
  if (path.contains('\0')) return fail_errno(ENOENT);
  // The kernel knows no owners, and a walk cannot tell beforehand whether it will wait.
  if (method == BeneathMethod::kOpenat2 && symlinks != Symlinks::kSameOwner)
    return open_with_kernel(root, path.empty() ? "." : path.c_str(), resolve_flags(symlinks, patience));
  if (patience == Patience::kNever) return fail_errno(EAGAIN);
  return walk_beneath(root, path, symlinks);
}

}  // namespace flare::handlers
