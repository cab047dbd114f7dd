// TLS over any byte stream, behind the same concept (io/byte_stream.h): whoever reads and writes need not know.
#pragma once

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <coroutine>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "flare/base/error.h"
#include "flare/io/byte_stream.h"
#include "flare/runtime/task.h"
#include "flare/tcp/tcp_stream.h"
#include "flare/tls/scratch.h"
#include "flare/tls/session.h"

namespace flare::tls {

/// After handshake(). Reading makes one read of the transport for all records that have arrived; writing one write for
/// all records that are made, up to Scratch::kPlain bytes of plaintext at once. As with the transport, a write that
/// took less than it was given, or would block, is to be repeated with the rest once writable: that rest may have left
/// in part already. The destructor says close_notify, unless abort() was called or the stream is broken.
/// Belongs to one worker; movable while nobody waits.
template <io::ByteStream Transport>
class BasicTlsStream {
 public:
  /// Over a transport that is made of the rest.
  template <class... TransportArgs>
  explicit BasicTlsStream(std::shared_ptr<Session> session, TransportArgs&&... transport)
      : transport_(std::forward<TransportArgs>(transport)...), session_(std::move(session)) {}
  BasicTlsStream(BasicTlsStream&&) noexcept = default;
  BasicTlsStream& operator=(BasicTlsStream&&) = delete;
  ~BasicTlsStream() {
    if (session_ != nullptr) say_goodbye();
  }

  /// Ready when there is plaintext to be had, or when the transport is. What was held back leaves first.
  auto readable() noexcept {
    const bool ready = session_->has_input();
    if (!ready) static_cast<void>(flush());
    return Readable<decltype(transport_.readable())>{.inner = transport_.readable(), .ready = ready};
  }
  auto writable() noexcept { return transport_.writable(); }
  std::optional<Result<void>> readable(runtime::ReadyListener& listener) noexcept {
    if (session_->has_input()) return Result<void>();
    static_cast<void>(flush());
    return transport_.readable(listener);
  }

  Result<std::size_t> try_read(std::span<char> into) noexcept;
  Result<std::size_t> try_write(std::string_view bytes, io::Ahead ahead = io::Ahead::kUnknown);
  Result<std::size_t> try_writev(std::span<const iovec> pieces);
  Result<std::size_t> try_send_file(int file, std::uint64_t& offset, std::uint64_t length);
  /// close_notify, then the transport's end.
  Result<void> shutdown_write();

  // As TcpStream's: they wait as long as the deadline allows. kClosed is a close_notify; for the transport's end
  // without one see Session::cut_off().
  runtime::Task<Result<std::size_t>> read(std::span<char> into);
  runtime::Task<Result<void>> read_exact(std::span<char> into);
  runtime::Task<Result<std::size_t>> write(std::string_view bytes);
  runtime::Task<Result<void>> write_all(std::string_view bytes);

  void set_deadline(runtime::TimePoint due) noexcept { transport_.set_deadline(due); }
  void set_read_deadline(runtime::TimePoint due) noexcept { transport_.set_read_deadline(due); }
  void set_write_deadline(runtime::TimePoint due) noexcept { transport_.set_write_deadline(due); }
  void clear_deadline() noexcept { transport_.clear_deadline(); }
  void set_idle(bool idle) noexcept { transport_.set_idle(idle); }
  void watch_hang_up(runtime::Cancellation* who) noexcept { transport_.watch_hang_up(who); }
  void set_cork(bool) noexcept {}  // records leave as they are made
  void cancel() noexcept { transport_.cancel(); }
  void interrupt_read() noexcept { transport_.interrupt_read(); }
  void interrupt_write() noexcept { transport_.interrupt_write(); }
  /// As TcpStream's; a record of any kind is something that arrives.
  void watch_input(runtime::Cancellation* who) noexcept {
    if (who != nullptr && session_->has_input()) return who->cancel();
    transport_.watch_input(who);
  }
  [[nodiscard]] bool is_quiet() noexcept { return !session_->has_input() && transport_.is_quiet(); }
  [[nodiscard]] std::size_t unacknowledged() const noexcept {
    return transport_.unacknowledged() + session_->output().size();
  }
  /// close_notify as far as the transport takes it at once, then the end in both directions.
  void close() noexcept {
    say_goodbye();
    silent_ = true;
    transport_.close();
  }
  /// No close_notify, and the transport resets: what was sent is not to be taken for complete.
  void abort() noexcept {
    silent_ = true;
    transport_.abort();
  }

  /// Waits for the client's first bytes, which session() has then.
  runtime::Task<Result<void>> receive_hello();
  /// Until done: kClosed when the peer ended it, kTimeout past the deadline, kProtocol with the session's reason.
  /// `co_await elsewhere(session)` does session->handshake() where a costly step may be done (Step::kOffload).
  template <class Elsewhere>
  runtime::Task<Result<void>> handshake(Elsewhere& elsewhere);

  // What was agreed, once the handshake is done.
  [[nodiscard]] std::string_view tls_version() const noexcept { return session_->version(); }
  [[nodiscard]] std::string_view cipher_suite() const noexcept { return session_->cipher(); }
  [[nodiscard]] std::string_view alpn() const noexcept { return session_->protocol(); }
  [[nodiscard]] bool is_resumed() const noexcept { return session_->is_resumed(); }
  [[nodiscard]] std::optional<PeerCertificate> peer_certificate() const { return session_->peer_certificate(); }
  /// RFC 2253, e.g. "CN=example.com"; "" where there is no certificate.
  [[nodiscard]] std::string peer_cert_subject() const {
    const auto certificate = peer_certificate();
    return certificate ? certificate->subject : std::string();
  }

  /// What was written may wait where neither side sees it, in the kernel's TLS: not to be closed at once.
  [[nodiscard]] bool keeps_back() const noexcept { return !silent_ && by_kernel() && !session_->is_over(); }
  [[nodiscard]] Session& session() noexcept { return *session_; }
  [[nodiscard]] const Session& session() const noexcept { return *session_; }
  [[nodiscard]] Transport& transport() noexcept { return transport_; }

 private:
  static constexpr std::size_t kHeldAtMost = 4096;              ///< output that may wait for more to leave with
  static constexpr std::uint64_t kWorthTheKernel = 128 * 1024;  ///< of a file

  template <class Wait>
  struct Readable {
    Wait inner;
    bool ready;
    bool await_ready() noexcept { return ready || inner.await_ready(); }
    void await_suspend(std::coroutine_handle<> waiting) noexcept { inner.await_suspend(waiting); }
    Result<void> await_resume() const noexcept { return ready ? Result<void>() : inner.await_resume(); }
  };

  Result<void> flush();
  runtime::Task<Result<void>> receive();
  void say_goodbye() noexcept;
  [[nodiscard]] bool by_kernel() const noexcept { return session_->is_by_kernel(); }
  /// The kernel encrypts from here on, where it can and where so many bytes of a file are worth it.
  bool hand_over(std::uint64_t length) noexcept;

  Transport transport_;
  std::shared_ptr<Session> session_;  ///< shared with whoever does a step of the handshake elsewhere
  /// Plaintext that is in records already but was not reported as written, since they have not all left: 0 or 1. The
  /// caller comes back with it once the transport takes more.
  std::size_t debt_ = 0;
  bool silent_ = false;  ///< the destructor says nothing
};

using TlsStream = BasicTlsStream<tcp::TcpStream>;

template <io::ByteStream Transport>
Result<std::size_t> BasicTlsStream<Transport>::try_read(std::span<char> into) noexcept {
  if (session_->has_input()) {
    const auto count = session_->decrypt({}, into);
    if (count || count.error().kind != ErrorKind::kWouldBlock) return count;
  }
  auto& arriving = Scratch::of_this_thread().arriving;
  for (;;) {
    const auto arrived = transport_.try_read(arriving);
    if (!arrived) return arrived.error().kind == ErrorKind::kClosed ? std::unexpected(session_->cut_off()) : arrived;
    const auto count = session_->decrypt({arriving.data(), *arrived}, into);
    if (count || count.error().kind != ErrorKind::kWouldBlock || *arrived < arriving.size()) return count;
  }
}

/// Sends what is ready to leave; kWouldBlock when some of it stays.
template <io::ByteStream Transport>
Result<void> BasicTlsStream<Transport>::flush() {
  std::string& output = session_->output();
  if (output.empty()) return {};
  const auto sent = transport_.try_write(output);
  if (!sent) return std::unexpected(sent.error());
  output.erase(0, *sent);
  if (!output.empty()) return fail(ErrorKind::kWouldBlock);
  std::string().swap(output);
  return {};
}

template <io::ByteStream Transport>
bool BasicTlsStream<Transport>::hand_over(std::uint64_t length) noexcept {
  if constexpr (requires { transport_.socket().fd(); }) {
    return length >= kWorthTheKernel && debt_ == 0 && session_->hand_over(transport_.socket().fd());
  }
  return false;
}

/// Encrypts, at most a scratch buffer's worth, and sends the records behind what waited.
template <io::ByteStream Transport>
Result<std::size_t> BasicTlsStream<Transport>::try_write(std::string_view bytes, io::Ahead ahead) {
  // What is left open for the end would be lost with the socket: the kernel's last record has to be a whole one.
  if (by_kernel()) return transport_.try_write(bytes, ahead == io::Ahead::kEnd ? io::Ahead::kUnknown : ahead);
  if (bytes.empty()) {  // what waits may leave; what is owed stays owed
    if (auto flushed = flush(); !flushed) return std::unexpected(flushed.error());
    return std::size_t{0};
  }
  std::string& waiting = session_->output();
  if (waiting.size() > kHeldAtMost) {  // what a slow reader has not taken: no more on top of that
    if (auto flushed = flush(); !flushed) return std::unexpected(flushed.error());
  }
  std::string& leaving = Scratch::of_this_thread().leaving;
  leaving.assign(waiting);
  const std::string_view taken = bytes.substr(0, Scratch::kPlain);
  const std::string_view unpaid = taken.substr(std::min(taken.size(), debt_));
  if (auto made = session_->encrypt(unpaid, leaving); !made) return std::unexpected(made.error());
  if (ahead == io::Ahead::kEnd && taken.size() == bytes.size()) session_->close(leaving);
  if (ahead == io::Ahead::kMore && leaving.size() <= kHeldAtMost) {
    waiting.assign(leaving);
    debt_ = 0;
    return taken.size();
  }
  const auto count = transport_.try_write(leaving, ahead);
  if (!count && count.error().kind != ErrorKind::kWouldBlock) return count;
  const std::size_t sent = count.value_or(0);
  waiting.assign(leaving, sent);
  debt_ = waiting.empty() ? 0 : 1;
  if (taken.size() == debt_) return fail(ErrorKind::kWouldBlock);
  return taken.size() - debt_;
}

/// Small pieces share a record.
template <io::ByteStream Transport>
Result<std::size_t> BasicTlsStream<Transport>::try_writev(std::span<const iovec> pieces) {
  if (by_kernel()) return transport_.try_writev(pieces);
  auto& plain = Scratch::of_this_thread().plain;
  std::size_t gathered = 0;
  for (const iovec& piece : pieces) {
    const std::size_t size = std::min(piece.iov_len, plain.size() - gathered);
    std::copy_n(static_cast<const char*>(piece.iov_base), size, plain.data() + gathered);  // an empty one may be null
    gathered += size;
  }
  return try_write({plain.data(), gathered});
}

template <io::ByteStream Transport>
Result<std::size_t> BasicTlsStream<Transport>::try_send_file(int file, std::uint64_t& offset, std::uint64_t length) {
  if (!by_kernel() && length >= kWorthTheKernel && session_->kernel_records() != nullptr) {
    if (auto flushed = flush(); !flushed) return std::unexpected(flushed.error());
    hand_over(length);
  }
  if (by_kernel()) return transport_.try_send_file(file, offset, length);
  auto& plain = Scratch::of_this_thread().plain;
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(length, plain.size()));
  ssize_t count = 0;
  do {
    count = ::pread(file, plain.data(), wanted, static_cast<off_t>(offset));
  } while (count < 0 && errno == EINTR);
  if (count < 0) return fail_errno(errno);
  if (count == 0) return std::size_t{0};
  const auto sent = try_write({plain.data(), static_cast<std::size_t>(count)});
  if (sent) offset += *sent;
  return sent;
}

template <io::ByteStream Transport>
Result<void> BasicTlsStream<Transport>::shutdown_write() {
  say_goodbye();
  return transport_.shutdown_write();
}

template <io::ByteStream Transport>
runtime::Task<Result<std::size_t>> BasicTlsStream<Transport>::read(std::span<char> into) {
  for (;;) {
    const auto ready = co_await readable();
    if (!ready) co_return std::unexpected(ready.error());
    const auto count = try_read(into);
    if (count || count.error().kind != ErrorKind::kWouldBlock) co_return count;
  }
}

template <io::ByteStream Transport>
runtime::Task<Result<void>> BasicTlsStream<Transport>::read_exact(std::span<char> into) {
  while (!into.empty()) {
    const auto count = co_await read(into);
    if (!count) co_return std::unexpected(count.error());
    into = into.subspan(*count);
  }
  co_return Result<void>();
}

template <io::ByteStream Transport>
runtime::Task<Result<std::size_t>> BasicTlsStream<Transport>::write(std::string_view bytes) {
  if (bytes.empty()) co_return std::size_t{0};
  for (;;) {
    const auto ready = co_await writable();
    if (!ready) co_return std::unexpected(ready.error());
    const auto count = try_write(bytes);
    if (count || count.error().kind != ErrorKind::kWouldBlock) co_return count;
  }
}

template <io::ByteStream Transport>
runtime::Task<Result<void>> BasicTlsStream<Transport>::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = co_await write(bytes);
    if (!count) co_return std::unexpected(count.error());
    bytes.remove_prefix(*count);
  }
  co_return Result<void>();
}

template <io::ByteStream Transport>
void BasicTlsStream<Transport>::say_goodbye() noexcept {
  if (silent_) return;
  if (by_kernel()) {
    if constexpr (requires { transport_.socket().fd(); }) {
      if (session_->end_by_kernel()) KernelRecords::say_close_notify(transport_.socket().fd());
    }
    return;
  }
  session_->close(session_->output());
  static_cast<void>(flush());
}

template <io::ByteStream Transport>
runtime::Task<Result<void>> BasicTlsStream<Transport>::receive() {
  for (;;) {
    const auto ready = co_await transport_.readable();
    if (!ready) co_return ready;
    auto& arriving = Scratch::of_this_thread().arriving;
    const auto arrived = transport_.try_read(arriving);
    if (arrived) {
      session_->feed({arriving.data(), *arrived});
      co_return Result<void>();
    }
    if (arrived.error().kind != ErrorKind::kWouldBlock) co_return std::unexpected(arrived.error());
  }
}

template <io::ByteStream Transport>
runtime::Task<Result<void>> BasicTlsStream<Transport>::receive_hello() {
  if (session_->was_fed()) co_return Result<void>();
  co_return co_await receive();
}

template <io::ByteStream Transport>
template <class Elsewhere>
runtime::Task<Result<void>> BasicTlsStream<Transport>::handshake(Elsewhere& elsewhere) {
  for (;;) {
    Step step = session_->handshake();
    while (step == Step::kOffload) step = co_await elsewhere(session_);
    if (step == Step::kFailed) {
      static_cast<void>(flush());  // the alert; whether it arrives changes nothing
      co_return fail(ErrorKind::kProtocol, session_->reason());
    }
    // What a server says last need not leave before its first answer does: readable() sees to it.
    if (step == Step::kDone && session_->is_server() && session_->has_input()) co_return Result<void>();
    for (auto flushed = flush(); !flushed; flushed = flush()) {
      if (flushed.error().kind != ErrorKind::kWouldBlock) co_return flushed;
      const auto ready = co_await transport_.writable();
      if (!ready) co_return ready;
    }
    if (step == Step::kDone) co_return Result<void>();
    auto received = co_await receive();
    if (!received) co_return received;
  }
}

}  // namespace flare::tls
