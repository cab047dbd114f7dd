// A WebSocket session over any transport, and how one is run from its first frame to its last.
#pragma once

#include <algorithm>
#include <array>
#include <coroutine>
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
class StreamSession final : public Session, private runtime::ReadyListener {
 public:
  StreamSession(Turn& turn, const SessionOptions& options, Agreed agreed, Stream& stream)
      : Session(turn, options, std::move(agreed)), stream_(stream) {
    stream_.set_idle(false);
    postpone();
  }

  /// Input that came with the handshake (W-15). Before the first receive().
  void begin_with(std::string input) noexcept { held_ = std::move(input); }
  /// Once its handler is done: closes the session if it is open, and lets the peer read what it was told. The stream
  /// may be closed then. A frame of its own: inlined, it would be part of every idle session's.
  [[gnu::noinline]] runtime::Task<void> finish(CloseCode code);

 private:
  [[nodiscard]] runtime::TimePoint now() const { return turn_.worker().now(); }
  /// Of what the input is waited for.
  [[nodiscard]] runtime::TimePoint input_due() const noexcept {
    return state_ == State::kOpen ? std::min({ping_due_, idle_due_, drain_due_}) : close_due_;
  }
  void postpone();
  void set_deadline();
  void take(Result<void> ready);
  Result<void> fill();
  void deadline_passed();
  std::size_t write_now(io::Pieces pieces) override { return stream_.try_writev(pieces.vectors()).value_or(0); }
  std::size_t write_now(std::string_view bytes) override {
    return stream_.try_write(bytes, io::Ahead::kUnknown).value_or(0);
  }
  void rearm() override;
  bool wait_for_input() override;
  void on_ready(Result<void> outcome) override;
  void start_sending() override;
  static runtime::Task<void> send_outbox(StreamSession& session);
  Result<void> send_some();

  Stream& stream_;
  runtime::TimePoint ping_due_ = runtime::TimePoint::max();
  runtime::TimePoint idle_due_ = runtime::TimePoint::max();
  runtime::TimePoint close_due_ = runtime::TimePoint::max();  ///< of the peer's close frame, once ours is under way
  runtime::TimePoint write_due_ = runtime::TimePoint::max();  ///< of the next byte that the peer takes
  bool waiting_ = false;                                      ///< for input
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
  if (!count) return fail(ErrorKind::kConnectionReset, Reason::kClientClosed);  // no close frame came before
  std::string().swap(held_);
  take_input(held + *count);
  counts_.bytes_in += *count;
  postpone();
  return {};
}

template <io::ByteStream Stream>
bool StreamSession<Stream>::wait_for_input() {
  if (state_ == State::kClosing && close_due_ == runtime::TimePoint::max()) close_due_ = now() + options_.close_timeout;
  set_deadline();
  waiting_ = true;
  const auto ready = stream_.readable(*this);
  if (!ready) return true;
  waiting_ = false;
  take(*ready);
  return false;
}

template <io::ByteStream Stream>
void StreamSession<Stream>::on_ready(Result<void> outcome) {
  waiting_ = false;
  take(outcome);
  input_came();  // the last thing: it may end the session
}

/// What a wait for input has come to.
template <io::ByteStream Stream>
void StreamSession<Stream>::take(Result<void> ready) {
  if (state_ == State::kClosed) return;  // the sender has found out
  if (!ready && ready.error().kind == ErrorKind::kTimeout) return deadline_passed();
  if (ready) ready = fill();
  if (!ready) static_cast<void>(break_off(ready.error()));
}

/// What was due first: a ping, the end of a silent peer, the drain's, the peer's close frame, or what concerns the
/// sender alone.
template <io::ByteStream Stream>
void StreamSession<Stream>::deadline_passed() {
  if (write_due_ < input_due()) return;
  if (state_ == State::kClosing) {
    static_cast<void>(break_off(Error::of(ErrorKind::kTimeout, Reason::kWsCloseTimeout)));
  } else if (drain_due_ < std::min(ping_due_, idle_due_)) {
    begin_close(turn_.drain_code(), {}, Reason::kDraining);
  } else if (idle_due_ <= ping_due_) {
    static_cast<void>(fail_session(ErrorKind::kTimeout, Reason::kWsPingTimeout, "ping timeout"));  // W-10
  } else {
    ping_due_ = std::max(ping_due_, now()) + options_.ping;
    send_ping();
  }
}

/// The stream has one deadline for both directions: who wakes by it looks whose it was.
template <io::ByteStream Stream>
void StreamSession<Stream>::set_deadline() {
  const runtime::TimePoint due = std::min(input_due(), write_due_);
  due == runtime::TimePoint::max() ? stream_.clear_deadline() : stream_.set_deadline(due);
}

template <io::ByteStream Stream>
void StreamSession<Stream>::rearm() {
  if (!waiting_) return;
  if (state_ == State::kClosing) close_due_ = now() + options_.close_timeout;
  set_deadline();
}

// ---- output

template <io::ByteStream Stream>
void StreamSession<Stream>::start_sending() {
  if (std::exchange(sending_, true)) return;
  write_due_ = now() + options_.write_idle;
  turn_.worker().spawn(send_outbox(*this));
}

/// A root of its own, beside the session's coroutine, which waits for its end: there while there is something to send.
template <io::ByteStream Stream>
runtime::Task<void> StreamSession<Stream>::send_outbox(StreamSession& session) {
  while (session.outbox_) {
    const auto sent = session.send_some();
    if (sent) continue;
    if (sent.error().kind != ErrorKind::kWouldBlock) {
      static_cast<void>(session.break_off(Error::of(sent.error().kind, Reason::kClientClosed)));
      break;
    }
    session.set_deadline();
    const auto ready = co_await session.stream_.writable();
    if (ready || !session.outbox_) continue;
    if (ready.error().kind == ErrorKind::kTimeout && session.now() < session.write_due_) continue;  // not ours
    const Reason why = ready.error().kind == ErrorKind::kTimeout ? Reason::kWriteIdle : Reason::kClientClosed;
    static_cast<void>(session.break_off(Error::of(ready.error().kind, why)));
  }
  session.write_due_ = runtime::TimePoint::max();
  session.sending_ = false;
  if (session.waiting_ && session.state_ == State::kClosed)
    session.stream_.set_deadline(session.now());  // it hears of it
  session.output_left();                          // the last thing: it may end the session
}

template <io::ByteStream Stream>
Result<void> StreamSession<Stream>::send_some() {
  std::array<iovec, 16> pieces;
  const std::size_t count = outbox_->front(pieces);
  const auto sent = stream_.try_writev({pieces.data(), count});
  if (!sent) return std::unexpected(sent.error());
  write_due_ = now() + options_.write_idle;
  outbox_sent(*sent);
  output_left();
  return {};
}

// ---- the end

template <io::ByteStream Stream>
runtime::Task<void> StreamSession<Stream>::finish(CloseCode code) {
  co_await close(code);
  leave();
  if (sending_ && !outbox_) stream_.set_deadline(now());  // nothing to send any more: the sender has to hear of it
  co_await AllSent{*this};
  // The server closes first (RFC 6455 §7.1.1). Who broke a rule may still be sending, and is to read why it ends.
  const bool waits = why() == Reason::kNone ? role_ == Role::kClient : told_;
  if (!waits) {
    static_cast<void>(stream_.shutdown_write());
    co_return;
  }
  co_await http::linger(stream_, turn_.worker(), turn_.discarded());
}

}  // namespace flare::ws
