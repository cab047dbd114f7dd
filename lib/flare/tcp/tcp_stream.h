// A connected stream socket on a worker. Unix stream sockets behave the same and use it too.
#pragma once

#include <sys/uio.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "flare/base/error.h"
#include "flare/io/ahead.h"
#include "flare/net/socket.h"
#include "flare/runtime/pollable.h"
#include "flare/runtime/task.h"
#include "flare/runtime/worker.h"

namespace flare::tcp {

/// Two levels. The try_ calls make one system call, never wait and answer kWouldBlock where readable() or writable()
/// must be awaited first; the coroutines wait as long as the deadline allows. kClosed is an orderly end. Movable while
/// nobody waits.
class TcpStream {
 public:
  /// Takes a connected, non-blocking socket.
  TcpStream(runtime::Worker& worker, net::UniqueFd fd) noexcept : source_(worker, std::move(fd)) {}

  /// kTimeout when nothing answered within `timeout`. A host name needs the resolver first (dns).
  static runtime::Task<Result<TcpStream>> connect(runtime::Worker& worker, net::Endpoint where,
                                                  std::chrono::milliseconds timeout);

  /// The two halves of that, for who tries several places: a stream on its way, and its arrival.
  static Result<TcpStream> begin_connect(runtime::Worker& worker, const net::Endpoint& where);
  runtime::Task<Result<void>> finish_connect();

  auto readable() noexcept { return source_.readable(); }
  auto writable() noexcept { return source_.writable(); }
  auto readable(runtime::ReadyListener& listener) noexcept { return source_.readable(listener); }
  /// At least one byte, or an error. A short count means drained: the next readable() waits for the next edge.
  Result<std::size_t> try_read(std::span<char> into) noexcept;
  /// How many bytes the kernel took. What is not the last for now waits in the kernel for what follows (MSG_MORE), the
  /// end too: closing sends it, with the FIN.
  Result<std::size_t> try_write(std::string_view bytes, io::Ahead ahead = io::Ahead::kUnknown) noexcept;
  Result<std::size_t> try_writev(std::span<const iovec> pieces) noexcept;
  /// Up to `length` bytes of `file` from `offset`, which advances; 0: the file has ended.
  Result<std::size_t> try_send_file(int file, std::uint64_t& offset, std::uint64_t length) noexcept;

  /// Up to `most` bytes that have arrived, into an empty pipe: nobody looks at them. kWouldBlock: there are none.
  Result<std::size_t> try_splice_to(int pipe, std::size_t most) noexcept;
  /// Up to `most` bytes out of a pipe that has as many.
  Result<std::size_t> try_splice_from(int pipe, std::size_t most, io::Ahead ahead) noexcept;

  runtime::Task<Result<std::size_t>> read(std::span<char> into);
  runtime::Task<Result<void>> read_exact(std::span<char> into);
  runtime::Task<Result<std::size_t>> write(std::string_view bytes);
  runtime::Task<Result<void>> write_all(std::string_view bytes);
  runtime::Task<Result<std::size_t>> writev(std::span<const iovec> pieces);
  runtime::Task<Result<std::size_t>> send_file(int file, std::uint64_t offset, std::uint64_t length);

  void set_deadline(runtime::TimePoint due) noexcept { source_.set_deadline(due); }
  void set_read_deadline(runtime::TimePoint due) noexcept {
    source_.set_deadline(runtime::Pollable::Direction::kRead, due);
  }
  void set_write_deadline(runtime::TimePoint due) noexcept {
    source_.set_deadline(runtime::Pollable::Direction::kWrite, due);
  }
  void clear_deadline() noexcept { source_.clear_deadline(); }
  void set_idle(bool idle) noexcept { source_.set_idle(idle); }
  void cancel() noexcept { source_.cancel(); }
  void interrupt_read() noexcept { source_.interrupt(runtime::Pollable::Direction::kRead); }
  void interrupt_write() noexcept { source_.interrupt(runtime::Pollable::Direction::kWrite); }
  void watch_hang_up(runtime::Cancellation* who) noexcept { source_.watch_hang_up(who); }
  /// Cancels `who` as soon as anything arrives, the end included, which may be at once; nullptr: no longer.
  void watch_input(runtime::Cancellation* who) noexcept;
  /// Nothing has arrived, not even the end: one look (MSG_PEEK) that takes nothing.
  [[nodiscard]] bool is_quiet() noexcept;

  /// Sends FIN; the peer sees the end of the stream, reading goes on.
  Result<void> shutdown_write() noexcept;
  Result<void> shutdown_read() noexcept;
  /// TCP_CORK: only whole segments leave, and what has waited 200 ms; taking it back sends the rest.
  void set_cork(bool on) noexcept;
  /// Bytes given to the kernel that the peer has not acknowledged yet (SIOCOUTQ).
  [[nodiscard]] std::size_t unacknowledged() const noexcept;
  /// The coming close resets the connection, so that the peer cannot take what it got for complete.
  void abort() noexcept;
  /// Options and names: set_tcp_nodelay, set_keepalive, local_addr, peer_addr, ...
  [[nodiscard]] net::SocketRef socket() const noexcept { return net::SocketRef(source_.fd()); }
  [[nodiscard]] runtime::Worker& worker() const noexcept { return source_.worker(); }
  void close() noexcept { source_.release().reset(); }
  /// Hands the socket on; the stream is empty afterwards.
  net::UniqueFd release() noexcept { return source_.release(); }

 private:
  Result<std::size_t> sent(ssize_t count, std::size_t wanted) noexcept;

  runtime::Pollable source_;
};

}  // namespace flare::tcp
