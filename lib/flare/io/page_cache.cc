#include "flare/io/page_cache.h"

#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace flare::io {
namespace {

bool lives_in_memory(int file) noexcept {
  struct statfs system = {};
  return ::fstatfs(file, &system) == 0 && (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC);
}

bool is_byte_resident(int file, std::uint64_t at) noexcept {
  char byte = 0;
  const iovec into = {.iov_base = &byte, .iov_len = 1};
  if (::preadv2(file, &into, 1, static_cast<off_t>(at), RWF_NOWAIT) >= 0) return true;  // 0: the file has shrunk
  return (errno == EOPNOTSUPP || errno == ENOSYS) && lives_in_memory(file);
}

}  // namespace

bool is_resident(int file, std::uint64_t offset, std::uint64_t length) noexcept {
  return is_byte_resident(file, offset + length - 1) && (length == 1 || is_byte_resident(file, offset));
}

void make_resident(int file, std::uint64_t offset, std::uint64_t length) noexcept {
  std::array<char, 64 * 1024> scratch;  // NOLINT(cppcoreguidelines-pro-type-member-init): only written
  while (length != 0) {
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(length, scratch.size()));
    const ssize_t count = ::pread(file, scratch.data(), most, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    offset += static_cast<std::uint64_t>(count);
    length -= static_cast<std::uint64_t>(count);
  }
}

}  // namespace flare::io
