#include "flare/handlers/file_content.h"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "flare/base/siphash.h"

namespace flare::handlers {
namespace {

constexpr std::size_t kHashedAtOnce = 64 * 1024;

}  // namespace

Result<std::string> read_content(int file, std::size_t size, Patience patience) {
  return read_content_at(file, 0, size, patience);
}

Result<std::string> read_content_at(int file, std::uint64_t offset, std::size_t size, Patience patience) {
  std::string bytes(size, '\0');
  for (std::size_t have = 0; have < size;) {
    const iovec into = {.iov_base = bytes.data() + have, .iov_len = size - have};
    const ssize_t count =
        ::preadv2(file, &into, 1, static_cast<off_t>(offset + have), patience == Patience::kNever ? RWF_NOWAIT : 0);
    if (count > 0) {
      have += static_cast<std::size_t>(count);
    } else if (count == 0) {
      return fail(ErrorKind::kProtocol, Reason::kFileTruncated);
    } else if (errno == EOPNOTSUPP && patience == Patience::kNever) {
      return fail_errno(EAGAIN);  // a file system that cannot tell
    } else if (errno != EINTR) {
      return fail_errno(errno);
    }
  }
  return bytes;
}

Result<std::string> content_tag(int file, std::uint64_t size, Patience patience) {
  if (size > kHashedAtOnce && patience == Patience::kNever) return fail_errno(EAGAIN);
  Hash128 hash{.low = size};
  for (std::uint64_t offset = 0; offset < size;) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(size - offset, kHashedAtOnce));
    const auto part = read_content_at(file, offset, count, patience);
    if (!part) return std::unexpected(part.error());
    hash = siphash({.low = hash.low, .high = hash.high}, *part);  // each part under the hash of those before it
    offset += count;
  }
  std::array<char, 36> text{};
  char* const end = text.data() + text.size();
  char* out = text.data();
  *out++ = '"';
  out = std::to_chars(out, end, hash.high, 16).ptr;
  *out++ = '.';
  out = std::to_chars(out, end, hash.low, 16).ptr;
  *out++ = '"';
  return std::string(text.data(), out);
}

}  // namespace flare::handlers
