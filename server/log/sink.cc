#include "server/log/sink.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "flare/base/exception.h"

namespace flare::server::log {
namespace {

net::UniqueFd open_file(const std::string& path) {
  net::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  if (!file) throw_error("cannot open the log file " + path, Error::from_errno(errno));
  return file;
}

/// Pipes and terminals can stall their writer for ever; files cannot.
bool can_block(int fd) noexcept {
  struct stat info{};
  return ::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode);
}

bool wait_until_writable(int fd) noexcept {
  constexpr int kPatienceMs = 1000;
  pollfd wanted{.fd = fd, .events = POLLOUT, .revents = 0};
  return ::poll(&wanted, 1, kPatienceMs) > 0;
}

}  // namespace

Sink::Sink(const config::LogTarget& target) : target_(target) {
  if (target_.kind == config::LogTarget::Kind::kFile) file_ = open_file(target_.path);
}

bool Sink::write(std::string_view bytes) noexcept {
  int fd = file_.get();
  if (target_.kind == config::LogTarget::Kind::kStdout) fd = STDOUT_FILENO;
  if (target_.kind == config::LogTarget::Kind::kStderr) fd = STDERR_FILENO;
  const bool patient = can_block(fd);
  while (!bytes.empty()) {
    if (patient && !wait_until_writable(fd)) return false;
    // poll(2) promises room for PIPE_BUF bytes of a pipe, not for more.
    const ssize_t count =
        ::write(fd, bytes.data(), patient ? std::min<std::size_t>(bytes.size(), PIPE_BUF) : bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void Sink::reopen() {
  if (target_.kind == config::LogTarget::Kind::kFile) file_ = open_file(target_.path);
}

}  // namespace flare::server::log
