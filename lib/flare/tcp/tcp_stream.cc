#include "flare/tcp/tcp_stream.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "flare/tcp/socket_calls.h"

namespace flare::tcp {
namespace {

/// Repeats a system call that a signal interrupted. Counted before it is made: a peer that has seen its effect may look
/// at the counters at once.
template <class Call>
ssize_t uninterrupted(runtime::Counter& calls, Call call) noexcept {
  calls.add();
  ssize_t result = 0;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

}  // namespace

runtime::Task<Result<TcpStream>> TcpStream::connect(runtime::Worker& worker, net::Endpoint where,
                                                    std::chrono::milliseconds timeout) {
  auto stream = begin_connect(worker, where);
  if (!stream) co_return stream;
  stream->set_deadline(worker.now() + timeout);
  const auto arrived = co_await stream->finish_connect();
  if (!arrived) co_return std::unexpected(arrived.error());
  stream->clear_deadline();
  co_return stream;
}

Result<TcpStream> TcpStream::begin_connect(runtime::Worker& worker, const net::Endpoint& where) {
  auto begun = net::begin_connect(where);
  if (!begun) return std::unexpected(begun.error());
  TcpStream stream(worker, std::move(begun->fd));
  if (!begun->connected) stream.source_.write_blocked();
  return stream;
}

runtime::Task<Result<void>> TcpStream::finish_connect() {
  const auto ready = co_await writable();
  if (!ready) co_return ready;
  co_return socket().take_error();
}

void TcpStream::watch_input(runtime::Cancellation* who) noexcept {
  if (who != nullptr && source_.may_be_readable() && !is_quiet()) return who->cancel();
  source_.watch_input(who);
}

bool TcpStream::is_quiet() noexcept {
  char byte = 0;
  const ssize_t count = uninterrupted(worker().counters().receives,
                                      [&] { return receive(source_.fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT); });
  const bool quiet = count < 0 && Error::from_errno(errno).kind == ErrorKind::kWouldBlock;
  if (quiet) source_.drained();
  return quiet;
}

Result<std::size_t> TcpStream::try_read(std::span<char> into) noexcept {
  auto& counters = worker().counters();
  const ssize_t count =
      uninterrupted(counters.receives, [&] { return receive(source_.fd(), into.data(), into.size(), 0); });
  if (count < 0) {
    const Error error = Error::from_errno(errno);
    if (error.kind == ErrorKind::kWouldBlock) {
      counters.would_block.add();
      source_.drained();
    }
    return std::unexpected(error);
  }
  if (count == 0 && !into.empty()) return fail(ErrorKind::kClosed);
  const auto bytes = static_cast<std::size_t>(count);
  counters.bytes_in.add(bytes);
  if (bytes < into.size()) source_.drained();
  return bytes;
}

Result<std::size_t> TcpStream::sent(ssize_t count, std::size_t wanted) noexcept {
  auto& counters = worker().counters();
  if (count < 0) {
    const Error error = Error::from_errno(errno);
    if (error.kind == ErrorKind::kWouldBlock) {
      counters.would_block.add();
      source_.write_blocked();
    }
    return std::unexpected(error);
  }
  const auto bytes = static_cast<std::size_t>(count);
  counters.bytes_out.add(bytes);
  if (bytes < wanted) source_.write_blocked();
  return bytes;
}

Result<std::size_t> TcpStream::try_write(std::string_view bytes, io::Ahead ahead) noexcept {
  const int flags = MSG_NOSIGNAL | (ahead == io::Ahead::kUnknown ? 0 : MSG_MORE);
  return sent(
      uninterrupted(worker().counters().sends, [&] { return send(source_.fd(), bytes.data(), bytes.size(), flags); }),
      bytes.size());
}

Result<std::size_t> TcpStream::try_writev(std::span<const iovec> pieces) noexcept {
  std::size_t wanted = 0;
  for (const iovec& piece : pieces) wanted += piece.iov_len;
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());  // sendmsg only reads them
  message.msg_iovlen = pieces.size();
  return sent(
      uninterrupted(worker().counters().sends, [&] { return send_message(source_.fd(), message, MSG_NOSIGNAL); }),
      wanted);
}

Result<std::size_t> TcpStream::try_send_file(int file, std::uint64_t& offset, std::uint64_t length) noexcept {
  auto position = static_cast<off_t>(offset);
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(length, 0x7ffff000));  // sendfile(2)'s own bound
  const ssize_t moved =
      uninterrupted(worker().counters().sends, [&] { return ::sendfile(source_.fd(), file, &position, count); });
  // A short count may also mean that the file has ended: the next call tells, so the socket is not taken for blocked.
  auto result = sent(moved, 0);
  if (result) offset = static_cast<std::uint64_t>(position);
  return result;
}

Result<std::size_t> TcpStream::try_splice_to(int pipe, std::size_t most) noexcept {
  auto& counters = worker().counters();
  const ssize_t count = uninterrupted(counters.receives, [&] {
    return ::splice(source_.fd(), nullptr, pipe, nullptr, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  });
  if (count < 0) {
    const Error error = Error::from_errno(errno);
    if (error.kind == ErrorKind::kWouldBlock) {
      counters.would_block.add();
      source_.drained();
    }
    return std::unexpected(error);
  }
  if (count == 0) return fail(ErrorKind::kClosed);
  counters.bytes_in.add(static_cast<std::uint64_t>(count));
  return static_cast<std::size_t>(
      count);  // a full pipe is a short count too: the next call tells whether there is more
}

Result<std::size_t> TcpStream::try_splice_from(int pipe, std::size_t most, io::Ahead ahead) noexcept {
  const unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | (ahead == io::Ahead::kUnknown ? 0U : SPLICE_F_MORE);
  return sent(uninterrupted(worker().counters().sends,
                            [&] { return ::splice(pipe, nullptr, source_.fd(), nullptr, most, flags); }),
              most);
}

runtime::Task<Result<std::size_t>> TcpStream::read(std::span<char> into) {
  for (;;) {
    if (auto ready = co_await readable(); !ready) co_return std::unexpected(ready.error());
    auto count = try_read(into);
    if (count || count.error().kind != ErrorKind::kWouldBlock) co_return count;
  }
}

runtime::Task<Result<void>> TcpStream::read_exact(std::span<char> into) {
  while (!into.empty()) {
    auto count = co_await read(into);
    if (!count) co_return std::unexpected(count.error());
    into = into.subspan(*count);
  }
  co_return Result<void>();
}

runtime::Task<Result<std::size_t>> TcpStream::write(std::string_view bytes) {
  for (;;) {
    if (auto ready = co_await writable(); !ready) co_return std::unexpected(ready.error());
    auto count = try_write(bytes);
    if (count || count.error().kind != ErrorKind::kWouldBlock) co_return count;
  }
}

runtime::Task<Result<void>> TcpStream::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    auto count = co_await write(bytes);
    if (!count) co_return std::unexpected(count.error());
    bytes.remove_prefix(*count);
  }
  co_return Result<void>();
}

runtime::Task<Result<std::size_t>> TcpStream::writev(std::span<const iovec> pieces) {
  for (;;) {
    if (auto ready = co_await writable(); !ready) co_return std::unexpected(ready.error());
    auto count = try_writev(pieces);
    if (count || count.error().kind != ErrorKind::kWouldBlock) co_return count;
  }
}

runtime::Task<Result<std::size_t>> TcpStream::send_file(int file, std::uint64_t offset, std::uint64_t length) {
  for (;;) {
    if (auto ready = co_await writable(); !ready) co_return std::unexpected(ready.error());
    auto count = try_send_file(file, offset, length);
    if (count || count.error().kind != ErrorKind::kWouldBlock) co_return count;
  }
}

Result<void> TcpStream::shutdown_write() noexcept {
  if (::shutdown(source_.fd(), SHUT_WR) != 0) return fail_errno(errno);
  return {};
}

void TcpStream::set_cork(bool on) noexcept {
  const int value = on ? 1 : 0;  // a unix socket has no segments, and refuses
  static_cast<void>(::setsockopt(source_.fd(), IPPROTO_TCP, TCP_CORK, &value, sizeof value));
}

std::size_t TcpStream::unacknowledged() const noexcept {
  int bytes = 0;
  return ::ioctl(source_.fd(), SIOCOUTQ, &bytes) == 0 && bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

void TcpStream::abort() noexcept {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  static_cast<void>(::setsockopt(source_.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
}

Result<void> TcpStream::shutdown_read() noexcept {
  if (::shutdown(source_.fd(), SHUT_RD) != 0) return fail_errno(errno);
  return {};
}

}  // namespace flare::tcp
