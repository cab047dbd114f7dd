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
  void begin_with(std::string input) noexcept { held_.assign(std::move(input)); }
  /// Once its handler is done: closes the session if it is open, and lets the peer read what it was told. The stream
  /// may be closed then. A frame of its own: inlined, it would be part of every idle session's.
  [[gnu::noinline]] runtime::Task<void> finish(CloseCode code);

 private:
  [[nodiscard]] runtime::TimePoint now() const { return turn_.worker().now(); }
  [[nodiscard]] std::uint32_t this_turn() const noexcept {
    return static_cast<std::uint32_t>(turn_.worker().counters().turns.value());
  }
  /// Of what the session waits for, and of what its coroutine does.
  [[nodiscard]] runtime::TimePoint session_due() const noexcept {
    return state_ == State::kOpen ? std::min({ping_due_, idle_due_, drain_due_}) : close_due_;
  }
  [[nodiscard]] runtime::TimePoint input_due() const noexcept { return std::min(session_due(), receive_due_); }
  void postpone();
  [[nodiscard]] bool has_had_its_turn() noexcept;
  static runtime::Task<void> go_on_next_turn(StreamSession& session);
  void take(Result<void> ready);
  Result<void> fill();
  void deadline_passed();
  std::size_t write_now(io::Pieces pieces) override { return stream_.try_writev(pieces.vectors()).value_or(0); }
  std::size_t write_now(std::string_view bytes) override {
    return stream_.try_write(bytes, io::Ahead::kUnknown).value_or(0);
  }
  void rearm() override;
  void begin_listening() override {
    if (idle_due_ <= now()) postpone();  // nobody listened for so long: that was not the peer's silence
  }
  bool wait_for_input() override;
  void on_ready(Result<void> outcome) override;
  void start_sending() override;
  static runtime::Task<void> send_outbox(StreamSession& session);
  Result<void> send_some();

  Stream& stream_;
  runtime::TimePoint ping_due_ = runtime::TimePoint::max();
  runtime::TimePoint idle_due_ = runtime::TimePoint::max();
  runtime::TimePoint close_due_ = runtime::TimePoint::max();  ///< of the peer's close frame, once ours is under way
  std::uint32_t turn_number_ = 0;                             ///< the worker's, at the last read
  std::uint32_t turn_bytes_ = 0;                              ///< read in it
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
  const std::size_t held = held_.view().copy(input.data(), input.capacity());
  const auto count = stream_.try_read({input.data() + held, input.capacity() - held});
  if (!count && count.error().kind == ErrorKind::kWouldBlock) return {};
  if (!count)  // no close frame came before
    return fail(count.error().kind == ErrorKind::kClosed ? ErrorKind::kClosed : ErrorKind::kConnectionReset,
                left_by_peer());
  held_.clear();
  take_input(held + *count);
  counts_.bytes_in += *count;
  if (turn_number_ != this_turn()) turn_bytes_ = 0;
  turn_number_ = this_turn();
  turn_bytes_ += static_cast<std::uint32_t>(*count);
  postpone();
  return {};
}

template <io::ByteStream Stream>
bool StreamSession<Stream>::wait_for_input() {
  if (state_ == State::kClosing && close_due_ == runtime::TimePoint::max()) close_due_ = now() + options_.close_timeout;
  if (has_had_its_turn()) {
    turn_bytes_ = 0;
    turn_.worker().spawn(go_on_next_turn(*this));
    return true;
  }
  stream_.set_read_deadline(input_due());
  waiting_ = true;
  const auto ready = stream_.readable(*this);
  if (!ready) return true;
  waiting_ = false;
  take(*ready);
  return false;
}

/// Who sends without a pause is read from no more than that before the others have had a turn.
template <io::ByteStream Stream>
bool StreamSession<Stream>::has_had_its_turn() noexcept {
  constexpr std::uint32_t kBytesPerTurn = 512 * 1024;
  return turn_bytes_ >= kBytesPerTurn && turn_number_ == this_turn();
}

/// In place of a wait for input; the session waits for it, and cannot end before.
template <io::ByteStream Stream>
runtime::Task<void> StreamSession<Stream>::go_on_next_turn(StreamSession& session) {
  co_await session.turn_.worker().yield();
  const bool is_late = session.input_due() <= session.now();  // who never pauses lets no deadline pass
  session.on_ready(is_late ? fail(ErrorKind::kTimeout) : Result<void>());
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
  if (ready) return;
  const bool listens = ready.error().kind == ErrorKind::kClosed;
  if (listens) ready.error().kind = ErrorKind::kConnectionReset;
  static_cast<void>(break_off(ready.error(), listens));
}

/// What was due first: the end of receive_until(), a ping, the end of a silent peer, the drain's, or the peer's close
/// frame.
template <io::ByteStream Stream>
void StreamSession<Stream>::deadline_passed() {
  if (receive_due_ < session_due() && session_due() > now()) {
    expired_ = true;
  } else if (state_ == State::kClosing) {
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

template <io::ByteStream Stream>
void StreamSession<Stream>::rearm() {
  if (!waiting_) return;
  if (state_ == State::kClosing) close_due_ = now() + options_.close_timeout;
  stream_.set_read_deadline(input_due());
}

// ---- output

template <io::ByteStream Stream>
void StreamSession<Stream>::start_sending() {
  if (std::exchange(sending_, true)) return;
  turn_.worker().spawn(send_outbox(*this));
}

/// A root of its own, beside the session's coroutine, which waits for its end: there while there is something to send.
/// It begins when whoever has posted is done: what it finds may end the session, and that one may be telling others.
template <io::ByteStream Stream>
runtime::Task<void> StreamSession<Stream>::send_outbox(StreamSession& session) {
  co_await session.turn_.worker().end_of_turn();
  while (session.outbox_) {
    const auto sent = session.send_some();
    if (sent) continue;
    if (sent.error().kind != ErrorKind::kWouldBlock) {
      static_cast<void>(session.break_off(Error::of(sent.error().kind, session.left_by_peer())));
      break;
    }
    session.stream_.set_write_deadline(session.now() + session.options_.write_idle);
    const auto ready = co_await session.stream_.writable();
    if (ready || !session.outbox_) continue;
    const Reason why = ready.error().kind == ErrorKind::kTimeout ? Reason::kWriteIdle : session.left_by_peer();
    static_cast<void>(session.break_off(Error::of(ready.error().kind, why)));
  }
  session.sending_ = false;
  // The last thing, either: it may end the session. Its coroutine waits for one of them at most.
  if (session.waiting_ && session.state_ == State::kClosed) {
    session.stream_.interrupt_read();
  } else {
    session.output_left();
  }
}

template <io::ByteStream Stream>
Result<void> StreamSession<Stream>::send_some() {
  std::array<iovec, 16> pieces;
  const std::size_t count = outbox_->front(pieces);
  const auto sent = stream_.try_writev({pieces.data(), count});
  if (!sent) return std::unexpected(sent.error());
  outbox_sent(*sent);
  output_left();
  return {};
}

// ---- the end

template <io::ByteStream Stream>
runtime::Task<void> StreamSession<Stream>::finish(CloseCode code) {
  co_await close(code);
  leave();
  if (sending_ && !outbox_)
    stream_.set_write_deadline(now());  // nothing to send any more: the sender has to hear of it
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
