#include "flare/handlers/beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string_view>
#include <utility>

namespace flare::handlers {
namespace {

using net::UniqueFd;

constexpr int kOpenFlags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;  // O_NONBLOCK: a FIFO must not hold us (F-5)
constexpr int kStepFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

Result<UniqueFd> open_with_kernel(int root, const char* path) noexcept {
  const open_how how = {
      .flags = kOpenFlags, .mode = 0, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS};
  for (;;) {
    const long fd = ::syscall(SYS_openat2, root, path, &how, sizeof how);
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    if (errno != EINTR) return fail_errno(errno);
  }
}

bool is_symlink(int folder, const char* name) noexcept {
  struct stat status = {};
  return ::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
}

/// Opens one component; `name` has no slash.
Result<UniqueFd> open_component(int folder, std::string_view name, int flags) noexcept {
  if (name == "..") return fail_errno(EXDEV);
  std::array<char, NAME_MAX + 1> text;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled below
  if (name.size() > NAME_MAX) return fail_errno(ENAMETOOLONG);
  std::memcpy(text.data(), name.data(), name.size());
  text[name.size()] = '\0';
  for (;;) {
    const int fd = ::openat(folder, text.data(), flags);
    if (fd >= 0) return UniqueFd(fd);
    if (errno == EINTR) continue;
    // With O_DIRECTORY, Linux reports a symbolic link as ENOTDIR.
    const int error = errno == ENOTDIR && is_symlink(folder, text.data()) ? ELOOP : errno;
    return fail_errno(error);
  }
}

Result<UniqueFd> open_walking(int root, std::string_view path) noexcept {
  if (path.starts_with('/')) return fail_errno(EXDEV);
  UniqueFd held;
  int folder = root;
  for (;;) {
    const std::size_t slash = path.find('/');
    if (slash == std::string_view::npos) return open_component(folder, path, kOpenFlags | O_NOFOLLOW);
    auto next = open_component(folder, path.substr(0, slash), kStepFlags);
    if (!next) return next;
    held = std::move(*next);
    folder = held.get();
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

BeneathMethod choose_beneath_method(int root) noexcept {
  const auto opened = open_with_kernel(root, ".");
  const bool refused = !opened && (opened.error().sys_errno == ENOSYS || opened.error().sys_errno == EPERM);
  return refused ? BeneathMethod::kWalk : BeneathMethod::kOpenat2;
}

Result<UniqueFd> open_beneath(int root, const std::string& path, BeneathMethod method) noexcept {
  if (path.contains('\0')) return fail_errno(ENOENT);
  const char* name = path.empty() ? "." : path.c_str();
  switch (method) {
    case BeneathMethod::kOpenat2: return open_with_kernel(root, name);
    case BeneathMethod::kWalk: return open_walking(root, name);
  }
  return fail_errno(EINVAL);
}

}  // namespace flare::handlers
