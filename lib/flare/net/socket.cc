#include "flare/net/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace flare::net {
namespace {

/// What bind, connect and getsockname take.
struct Native {
  sockaddr_storage storage{};
  socklen_t length = 0;

  Native() = default;
  explicit Native(const Endpoint& where) noexcept : length(where.to_native(storage)) {}
  [[nodiscard]] sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
};

Result<UniqueFd> open_stream(int family) noexcept {
  UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(errno);
  return fd;
}

template <class Value>
Result<void> set_option(int fd, int level, int name, const Value& value) noexcept {
  if (::setsockopt(fd, level, name, &value, sizeof value) != 0) return fail_errno(errno);
  return {};
}

Result<void> set_timeout(int fd, int name, std::chrono::milliseconds timeout) noexcept {
  if (timeout.count() < 0) return fail_errno(EINVAL);  // the kernel would take it for "return at once"
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
  const std::chrono::microseconds rest = timeout - seconds;
  return set_option(fd, SOL_SOCKET, name, timeval{.tv_sec = seconds.count(), .tv_usec = rest.count()});
}

Result<void> set_listen_options(int fd, int family, const ListenOptions& options) noexcept {
  if (family == AF_UNIX) return {};
  SocketRef socket(fd);
  Result<void> done = socket.set_reuse_addr(options.reuse_addr);
  if (done && options.reuse_port) done = socket.set_reuse_port(true);
  if (done && family == AF_INET6) done = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, int{options.v6_only});
  if (done) done = socket.set_tcp_nodelay(options.tcp_nodelay);
  return done;
}

/// A socket file that nobody listens on: left behind by a process that died. Other files also refuse a connect, so
/// the type is asked first; any doubt counts as alive.
bool is_stale_socket(const char* path, Native& native) noexcept {
  struct stat info{};
  if (::lstat(path, &info) != 0 || !S_ISSOCK(info.st_mode)) return false;
  const Result<UniqueFd> probe = open_stream(AF_UNIX);
  return probe && ::connect(probe->get(), native.get(), native.length) != 0 && errno == ECONNREFUSED;
}

Result<void> bind_to(int fd, const Endpoint& where) noexcept {
  Native native(where);
  if (const UnixPath* unix_path = where.unix_path();
      unix_path != nullptr && native.length != 0 && is_stale_socket(unix_path->path.c_str(), native)) {
    ::unlink(unix_path->path.c_str());
  }
  if (::bind(fd, native.get(), native.length) != 0) return fail_errno(errno);
  return {};
}

/// `length` as the kernel returned it: an unnamed unix socket has no path at all.
Result<Endpoint> from_kernel(const Native& native) {
  if (const auto addr = SocketAddr::from_native(native.storage)) return Endpoint(*addr);
  if (native.storage.ss_family != AF_UNIX) return fail_errno(EAFNOSUPPORT);
  sockaddr_un un{};
  std::memcpy(&un, &native.storage, sizeof un);
  const std::size_t room = std::min<std::size_t>(native.length, sizeof un);
  const std::size_t named = room - std::min(room, offsetof(sockaddr_un, sun_path));
  return Endpoint(UnixPath{std::string(un.sun_path, ::strnlen(un.sun_path, named))});
}

}  // namespace

Result<UniqueFd> listen_on(const Endpoint& where, const ListenOptions& options) noexcept {
  Result<UniqueFd> fd = open_stream(where.family());
  if (!fd) return fd;
  if (const auto set = set_listen_options(fd->get(), where.family(), options); !set)
    return std::unexpected(set.error());
  if (const auto bound = bind_to(fd->get(), where); !bound) return std::unexpected(bound.error());
  if (::listen(fd->get(), options.backlog) != 0) return fail_errno(errno);
  return fd;
}

Result<Connecting> begin_connect(const Endpoint& where) noexcept {
  Result<UniqueFd> fd = open_stream(where.family());
  if (!fd) return std::unexpected(fd.error());
  Native native(where);
  if (::connect(fd->get(), native.get(), native.length) == 0) {
    return Connecting{.fd = std::move(*fd), .connected = true};
  }
  // connect(2): interrupted or not, a connect once begun goes on by itself.
  if (errno == EINPROGRESS || errno == EINTR) return Connecting{.fd = std::move(*fd), .connected = false};
  Error error = Error::from_errno(errno);
  // unix(7): the listener's queue is full and nothing is pending, so there is no readiness to wait for.
  if (error.sys_errno == EAGAIN) error.kind = ErrorKind::kResource;
  return std::unexpected(error);
}

Result<void> SocketRef::set_reuse_addr(bool on) noexcept { return set_option(fd_, SOL_SOCKET, SO_REUSEADDR, int{on}); }
Result<void> SocketRef::set_reuse_port(bool on) noexcept { return set_option(fd_, SOL_SOCKET, SO_REUSEPORT, int{on}); }
Result<void> SocketRef::set_keepalive(bool on) noexcept { return set_option(fd_, SOL_SOCKET, SO_KEEPALIVE, int{on}); }
Result<void> SocketRef::set_tcp_nodelay(bool on) noexcept { return set_option(fd_, IPPROTO_TCP, TCP_NODELAY, int{on}); }

Result<void> SocketRef::set_nonblocking(bool on) noexcept {
  const int flags = ::fcntl(fd_, F_GETFL);
  if (flags < 0) return fail_errno(errno);
  if (::fcntl(fd_, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) != 0) return fail_errno(errno);
  return {};
}

Result<void> SocketRef::set_congestion(std::string_view name) noexcept {
  const auto length = static_cast<socklen_t>(name.size());
  if (::setsockopt(fd_, IPPROTO_TCP, TCP_CONGESTION, name.data(), length) != 0) return fail_errno(errno);
  return {};
}

Result<std::string> SocketRef::congestion() const {
  std::array<char, 64> name{};  // the kernel's names have at most 15 characters
  socklen_t size = name.size() - 1;
  if (::getsockopt(fd_, IPPROTO_TCP, TCP_CONGESTION, name.data(), &size) != 0) return fail_errno(errno);
  return std::string(name.data());
}

Result<void> SocketRef::set_recv_timeout(std::chrono::milliseconds timeout) noexcept {
  return set_timeout(fd_, SO_RCVTIMEO, timeout);
}

Result<void> SocketRef::set_send_timeout(std::chrono::milliseconds timeout) noexcept {
  return set_timeout(fd_, SO_SNDTIMEO, timeout);
}

Result<Endpoint> SocketRef::local_addr() const {
  Native native;
  native.length = sizeof native.storage;
  if (::getsockname(fd_, native.get(), &native.length) != 0) return fail_errno(errno);
  return from_kernel(native);
}

Result<Endpoint> SocketRef::peer_addr() const {
  Native native;
  native.length = sizeof native.storage;
  if (::getpeername(fd_, native.get(), &native.length) != 0) return fail_errno(errno);
  return from_kernel(native);
}

Result<void> SocketRef::take_error() noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return fail_errno(errno);
  if (error != 0) return fail_errno(error);
  return {};
}

}  // namespace flare::net
