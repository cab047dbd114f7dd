#include "server/log/sink.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "flare/base/exception.h"

namespace flare::server::log {
namespace {

net::UniqueFd open_file(const std::string& path) {
  net::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  if (!file) throw_error("cannot open the log file " + path, Error::from_errno(errno));
  return file;
}

}  // namespace

Sink::Sink(const config::LogTarget& target) : target_(target) {
  if (target_.kind == config::LogTarget::Kind::kFile) file_ = open_file(target_.path);
}

bool Sink::write(std::string_view bytes) noexcept {
  int fd = file_.get();
  if (target_.kind == config::LogTarget::Kind::kStdout) fd = STDOUT_FILENO;
  if (target_.kind == config::LogTarget::Kind::kStderr) fd = STDERR_FILENO;
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
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
