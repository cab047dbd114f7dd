// A WebSocket session over any transport, and how one is run from its first frame to its last.
#pragma once

#include <algorithm>
#include <cstring>
#include <exception>
#include <functional>
#include <string>
#include <utility>

#include "flare/http/linger.h"
#include "flare/io/byte_stream.h"
#include "flare/ws/session.h"

namespace flare::ws {

/// `stream` outlives it, and is past the handshake.
template <io::ByteStream Stream>
class StreamSession final : public Session {
 public:
  StreamSession(Turn& turn, const SessionOptions& options, Agreed agreed, Stream& stream)
      : Session(turn, options, std::move(agreed)), stream_(stream) {
    stream_.set_idle(false);
    postpone();
  }

  /// Input that came with the handshake (W-15). Before the first receive().
  void begin_with(std::string input) noexcept { held_ = std::move(input); }
  /// Once its handler is done: closes the session if it is open, and lets the peer read what it was told. The stream
  /// may be closed then.
  runtime::Task<void> finish(CloseCode code);

 private:
  [[nodiscard]] runtime::TimePoint now() const { return turn_.worker().now(); }
  [[nodiscard]] runtime::TimePoint next_due() const noexcept { return std::min({ping_due_, idle_due_, drain_due_}); }
  [[nodiscard]] runtime::TimePoint wait_ends() const noexcept { return std::min(next_due(), receive_due_); }
  [[nodiscard]] Reason left_by_peer() const noexcept {
    return role_ == Role::kServer ? Reason::kClientClosed : Reason::kUpstreamClosed;
  }
  void postpone();
  Result<void> fill();
  std::size_t write_now(io::Pieces pieces) override { return stream_.try_writev(pieces.vectors()).value_or(0); }
  void drain_wakes() override {
    if (waiting_) stream_.set_deadline(wait_ends());
  }
  runtime::Task<Result<Message>> receive_more() override;
  runtime::Task<Result<void>> wait_for_input();
  runtime::Task<Result<void>> send_unsent() override;
  runtime::Task<void> await_close() override;
  [[gnu::noinline]] runtime::Task<Result<void>> deadline_passed();

  Stream& stream_;
  runtime::TimePoint ping_due_ = runtime::TimePoint::max();
  runtime::TimePoint idle_due_ = runtime::TimePoint::max();
  bool waiting_ = false;  ///< for input, until next_due()
};

/// Does what a route does with a session; the session ends when it returns, with 1011 if by an exception.
using SessionHandler = std::function<runtime::Task<void>(Session&)>;

/// `input`: what has come behind the handshake. References outlive the task; the stream can be closed after it.
template <io::ByteStream Stream>
runtime::Task<void> serve_session(Turn& turn, const SessionOptions& options, Agreed agreed,
                                  const SessionHandler& handler, Stream& stream, std::string input) {
  StreamSession<Stream> session(turn, options, std::move(agreed), stream);
  session.begin_with(std::move(input));
  CloseCode code = CloseCode::kNormal;
  try {
    co_await handler(session);
  } catch (const std::exception&) {
    code = CloseCode::kInternalError;
  }
  co_await session.finish(code);
}

// ---- input

/// Something has come: whoever is silent counts from now on.
template <io::ByteStream Stream>
void StreamSession<Stream>::postpone() {
  if (options_.ping.count() != 0) ping_due_ = now() + options_.ping;
  if (options_.idle.count() != 0) idle_due_ = now() + options_.idle;
}

template <io::ByteStream Stream>
Result<void> StreamSession<Stream>::fill() {
  turn_.acquire(*this);
  io::Buffer& input = turn_.input();
  const std::size_t held = held_.size();
  std::memcpy(input.data(), held_.data(), held);
  const auto count = stream_.try_read({input.data() + held, input.capacity() - held});
  if (!count && count.error().kind == ErrorKind::kWouldBlock) return {};
  if (!count) return fail(ErrorKind::kConnectionReset, left_by_peer());  // no close frame came before
  std::string().swap(held_);
  take_input(held + *count);
  counts_.bytes_in += *count;
  postpone();
  return {};
}

template <io::ByteStream Stream>
runtime::Task<Result<Message>> StreamSession<Stream>::receive_more() {
  if (idle_due_ <= now()) postpone();  // nobody listened for so long: that was not the peer's silence
  for (;;) {
    if (!unsent_.empty()) {
      leave();
      const auto sent = co_await send_unsent();
      if (!sent) co_return std::unexpected(sent.error());
    }
    auto message = try_receive();
    if (message || message.error().kind != ErrorKind::kWouldBlock) co_return message;
    leave();
    if (!unsent_.empty()) continue;
    const auto filled = co_await wait_for_input();
    if (!filled) co_return std::unexpected(filled.error());
  }
}

/// Until something has come, or a ping is on its way.
template <io::ByteStream Stream>
runtime::Task<Result<void>> StreamSession<Stream>::wait_for_input() {
  const runtime::TimePoint due = wait_ends();
  due == runtime::TimePoint::max() ? stream_.clear_deadline() : stream_.set_deadline(due);
  waiting_ = true;
  const auto ready = co_await stream_.readable();
  waiting_ = false;
  if (!ready) {
    if (ready.error().kind != ErrorKind::kTimeout) co_return break_off(ready.error());
    auto outcome = co_await deadline_passed();
    co_return outcome;
  }
  auto filled = fill();
  if (!filled) co_return break_off(filled.error());
  co_return filled;
}

/// What was due first: the end of receive_until(), a ping, the end of a silent peer, or the drain's.
template <io::ByteStream Stream>
runtime::Task<Result<void>> StreamSession<Stream>::deadline_passed() {
  if (receive_due_ < next_due() && next_due() > now()) co_return fail(ErrorKind::kWouldBlock);
  if (drain_due_ < std::min(ping_due_, idle_due_)) {
    begin_close(turn_.drain_code(), {}, Reason::kDraining);
    co_await await_close();
    co_return Result<void>();
  }
  if (idle_due_ <= ping_due_)
    co_return fail_session(ErrorKind::kTimeout, Reason::kWsPingTimeout, "ping timeout");  // W-10
  ping_due_ = std::max(ping_due_, now()) + options_.ping;
  send_ping();
  co_return Result<void>();
}

// ---- output

template <io::ByteStream Stream>
runtime::Task<Result<void>> StreamSession<Stream>::send_unsent() {
  std::string_view left = unsent_;
  while (!left.empty()) {
    stream_.set_deadline(now() + options_.write_idle);
    const auto ready = co_await stream_.writable();
    if (!ready) {
      const Reason why = ready.error().kind == ErrorKind::kTimeout ? Reason::kWriteIdle : left_by_peer();
      co_return break_off(Error::of(ready.error().kind, why));
    }
    const auto count = stream_.try_write(left, io::Ahead::kUnknown);
    if (count) {
      left.remove_prefix(*count);
    } else if (count.error().kind != ErrorKind::kWouldBlock) {
      co_return break_off(Error::of(count.error().kind, left_by_peer()));
    }
  }
  std::string().swap(unsent_);
  co_return Result<void>();
}

// ---- the end

template <io::ByteStream Stream>
runtime::Task<void> StreamSession<Stream>::await_close() {
  const runtime::TimePoint due = now() + options_.close_timeout;
  while (state_ == State::kClosing) {
    leave();
    if (!unsent_.empty()) {
      const auto sent = co_await send_unsent();
      if (!sent) co_return;
    }
    static_cast<void>(try_receive());  // what still comes is dropped, up to the peer's close frame
    if (state_ != State::kClosing) co_return;
    leave();
    stream_.set_deadline(due);
    const auto ready = co_await stream_.readable();
    const bool late = !ready && ready.error().kind == ErrorKind::kTimeout;
    const Result<void> filled = ready ? fill() : ready;
    if (late) {
      static_cast<void>(break_off(Error::of(ErrorKind::kTimeout, Reason::kWsCloseTimeout)));
    } else if (!filled) {
      static_cast<void>(break_off(filled.error()));
    }
  }
}

template <io::ByteStream Stream>
runtime::Task<void> StreamSession<Stream>::finish(CloseCode code) {
  if (is_open()) co_await close(code);
  leave();
  if (!unsent_.empty()) {
    const auto sent = co_await send_unsent();
    if (!sent) co_return;
  }
  // The server closes first (RFC 6455 §7.1.1). Who broke a rule may still be sending, and is to read why it ends.
  const bool waits = why() == Reason::kNone ? role_ == Role::kClient : told_;
  if (!waits) {
    static_cast<void>(stream_.shutdown_write());
    co_return;
  }
  co_await http::linger(stream_, turn_.worker(), turn_.discarded());
}

}  // namespace flare::ws
