// A WebSocket session, as its handler sees it (RFC 6455 §5 to §7): `while (auto message = co_await session.receive())
// co_await session.send(*message);`
#pragma once

#include <coroutine>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "flare/base/error.h"
#include "flare/base/rare_string.h"
#include "flare/io/pieces.h"
#include "flare/runtime/task.h"
#include "flare/ws/broadcast.h"
#include "flare/ws/message_reader.h"
#include "flare/ws/message_writer.h"
#include "flare/ws/outbox.h"
#include "flare/ws/session_options.h"
#include "flare/ws/turn.h"

namespace flare::ws {

/// What became of a message that was posted to a session.
enum class Posted : std::uint8_t {
  kTaken,    ///< it has left, or will
  kDropped,  ///< there was no room for it (OnSlow::kDropNewest, kDropOldest)
  kNoRoom,   ///< the same; to be posted again when there is (OnSlow::kPauseProducer)
  kClosed,   ///< nothing can be sent any more
};

/// One coroutine awaits one thing at a time. Pings are answered, control frames seen to, while it receives. What it
/// sends leaves when it waits next: one send for all answers of a turn. Holds memory only for part of a frame or
/// message, for output the peer does not take, and for compression contexts that are carried over. What needs no
/// transport is here; StreamSession adds it.
class Session : protected Turn::Tenant, private runtime::Cancellation::Listener {
 public:
  /// Hears, on the worker, that what waited for the peer has left and kNoRoom holds no more.
  class RoomListener {
   public:
    virtual void on_room() = 0;

   protected:
    ~RoomListener() = default;
  };

  /// What co_await makes of receive() and send(): no coroutine of their own, and no suspension where it is not needed.
  class Receiving;
  class Sending;

  /// The next message, as Result<Message>. Its data lives until this coroutine waits for anything but a send() of this
  /// session: copy it before that. Errors: kClosed, the session has ended in order (close_code, why); kProtocol, the
  /// peer broke a rule or limit and has been told; kTimeout, it was silent; others, the connection broke.
  Receiving receive();
  /// The same, but kWouldBlock where none has come by `due`: the session goes on.
  Receiving receive_until(runtime::TimePoint due);
  /// Taken when it returns, in order, as Result<void>; waits only for a peer that takes less than it is sent. Text must
  /// be UTF-8. An error: nothing can be sent any more, receive() says why.
  Sending send(const Message& message);
  Sending send_text(std::string_view text);
  Sending send_binary(std::string_view bytes);
  /// What was sent leaves now, not when this coroutine waits next; done when the kernel has all of it.
  Sending flush();
  /// For callbacks, and for whoever else on this worker has something for the peer, whatever the coroutine is at:
  /// leaves at once, or waits its turn within options.queue, or meets options.on_slow. Not compressed in a context.
  Posted post(const Message& message);
  /// `waits`: kNoRoom where there is none, whatever on_slow says.
  Posted post(Broadcast& broadcast, bool waits = false);
  /// nullptr: nobody. Outlives the session, or says so before.
  void set_room_listener(RoomListener* listener) noexcept { room_listener_ = listener; }
  /// Sends a close frame and waits for the peer's, at most close_timeout; messages that still come are dropped. Nothing
  /// where the session has ended. Throws std::invalid_argument where the code is not valid.
  runtime::Task<void> close(CloseCode code = CloseCode::kNormal, std::string_view reason = {});

  [[nodiscard]] bool is_open() const noexcept { return state_ == State::kOpen; }
  [[nodiscard]] std::string_view subprotocol() const noexcept {
    return words_ ? words_->subprotocol : std::string_view();
  }
  /// The peer's, once it has closed: kNoStatus, it gave none; kAbnormal, there was no close frame.
  [[nodiscard]] CloseCode close_code() const noexcept { return close_code_; }
  [[nodiscard]] std::string_view close_reason() const noexcept {
    return words_ ? words_->close_reason : std::string_view();
  }
  /// Why we ended it; kNone: we did not.
  [[nodiscard]] Reason why() const noexcept { return why_; }
  /// Frames and messages received and sent, for logs.
  struct Counts {
    std::uint64_t messages_in = 0;
    std::uint64_t messages_out = 0;
    std::uint64_t messages_dropped = 0;  ///< of those posted
    std::uint64_t bytes_in = 0;          ///< on the wire
    std::uint64_t bytes_out = 0;         ///< on the wire
  };
  [[nodiscard]] const Counts& counts() const noexcept { return counts_; }
  /// Bytes held for this session alone, its frame aside.
  [[nodiscard]] std::size_t memory() const noexcept;

 protected:
  enum class State : std::uint8_t {
    kOpen,
    kClosing,  ///< our close frame is on its way, the peer's is not here
    kClosed,
  };
  /// All but `agreed` outlive the session.
  Session(Turn& turn, const SessionOptions& options, Agreed agreed);
  ~Session() override;

  // ---- for the transport's side
  /// As many of these bytes as the kernel takes now; an error shows at the next wait.
  virtual std::size_t write_now(io::Pieces pieces) = 0;
  virtual std::size_t write_now(std::string_view bytes) = 0;
  /// Somebody wants a message, who may have been away.
  virtual void begin_listening() = 0;
  /// Waits for input, and gives what it brings to input_came(). False: there was some at once, or an end; look again.
  virtual bool wait_for_input() = 0;
  /// There is an outbox: somebody has to send it, if nobody does yet.
  virtual void start_sending() = 0;

  /// A wait for input has brought something, or changed the state: what receive() waits for may be there.
  void input_came();
  /// Output has left, or never will.
  void output_left();
  /// Whoever waits for the outbox: for what is the session's own of it, or for all.
  enum class Left : std::uint8_t { kOwn, kAll };
  [[nodiscard]] bool has_left(Left what) const noexcept {
    return what == Left::kAll ? !sending_ : !outbox_ || !outbox_->has_own();
  }
  struct AllSent;
  /// What is due next has changed: a wait for input may have to end earlier.
  virtual void rearm() = 0;

  /// A message of the input at hand; nullptr as its data: there is none, and the state says whether one may come.
  Message next_message();
  /// The same, and waits where one may come: false, there is nothing to wait for.
  bool park(Message& message);
  [[nodiscard]] bool may_come() const noexcept { return state_ != State::kClosed && !expired_; }
  [[nodiscard]] Reason left_by_peer() const noexcept {
    return role_ == Role::kServer ? Reason::kClientClosed : Reason::kUpstreamClosed;
  }
  /// `arrived`: at the start of the turn's input buffer, which this session holds.
  void take_input(std::size_t arrived) noexcept { input_ = {turn_.input().data(), arrived}; }
  /// Before a wait: gathered output is sent as far as it goes, the rest and unread input taken along.
  void leave();
  /// The same for other reasons to leave.
  void leave_turn() override { leave(); }
  void begin_close(CloseCode code, std::string_view reason, Reason why = Reason::kNone);
  /// The connection has ended without a close frame, for that reason.
  std::unexpected<Error> break_off(Error error) { return break_off(error, false); }
  /// `listens`: the peer has ended its side alone, and gets what the session itself has for it.
  std::unexpected<Error> break_off(Error error, bool listens);
  /// Sends a close frame and ends at once.
  std::unexpected<Error> fail_session(ErrorKind kind, Reason why, std::string_view text = {});
  void send_ping();
  /// `count` bytes of the outbox have left.
  void outbox_sent(std::size_t count);

  Turn& turn_;
  const SessionOptions& options_;
  RareString held_;                 ///< input that waits for its rest, or for the handler
  std::unique_ptr<Outbox> outbox_;  ///< output that the kernel did not take; null: there is none
  runtime::TimePoint drain_due_ = runtime::TimePoint::max();
  runtime::TimePoint receive_due_ = runtime::TimePoint::max();  ///< of the present receive_until()
  Counts counts_;
  State state_ = State::kOpen;
  Role role_;
  bool sending_ = false;  ///< somebody sends the outbox
  bool expired_ = false;  ///< receive_due_ has passed
  bool told_ = false;     ///< the peer has broken a rule, and a close frame says so

 private:
  void on_cancel() override;
  void take_close(std::string_view body);
  void answer_ping(std::string_view payload);
  void send_gathered();
  void send_if_much() {
    if (turn_.output().size() >= kMuch) send_gathered();
  }
  /// Behind all that is to be sent; what need not be is dropped first, if the session ends with it.
  void append_close(CloseCode code, std::string_view reason);
  void drop_posted();
  bool send_from_its_place(const Message& message);
  Posted post_frame(const Frame& frame, bool waits = false);
  Posted meet_slow(const Frame& frame);
  void queue_own(std::string frames, bool begun);
  [[nodiscard]] std::string control_frame(Opcode opcode, std::string_view payload);
  [[nodiscard]] Error end_error() const noexcept;

  static constexpr std::size_t kMuch = 64 * 1024;   ///< output is sent before the turn ends
  static constexpr std::size_t kLarge = 16 * 1024;  ///< payload is not copied to the output first

  Left awaited_ = Left::kOwn;
  Reason why_ = Reason::kNone;
  ErrorKind end_ = ErrorKind::kClosed;  ///< what receive() says after the end
  CloseCode close_code_ = CloseCode::kAbnormal;
  MessageReader reader_;
  MessageWriter writer_;
  std::span<char> input_;  ///< in the turn's buffer, while it is ours
  RoomListener* room_listener_ = nullptr;
  std::coroutine_handle<> receiver_;  ///< who waits for a message
  Message* received_ = nullptr;       ///< where it is to be
  std::coroutine_handle<>
      sender_;  ///< who waits for the outbox: there is one coroutine, but a broken session tells both
  struct Words {
    std::string subprotocol;
    std::string close_reason;
  };
  std::unique_ptr<Words> words_;  ///< most sessions have none
};

class [[nodiscard]] Session::Receiving {
 public:
  Receiving(Session& session, runtime::TimePoint due) noexcept : session_(session) {
    session.receive_due_ = due;
    session.expired_ = false;
  }
  bool await_ready() {
    message_ = session_.next_message();
    return message_.data.data() != nullptr || session_.state_ == State::kClosed;
  }
  bool await_suspend(std::coroutine_handle<> waiting) {
    session_.begin_listening();
    if (!session_.park(message_)) return false;
    session_.receiver_ = waiting;
    return true;
  }
  Result<Message> await_resume() const noexcept {
    if (message_.data.data() != nullptr) [[likely]]
      return message_;
    return session_.state_ == State::kClosed ? std::unexpected(session_.end_error()) : fail(ErrorKind::kWouldBlock);
  }

 private:
  Session& session_;
  Message message_;
};

class [[nodiscard]] Session::Sending {
 public:
  Sending(Session& session, bool taken) noexcept : session_(session), taken_(taken) {}
  [[nodiscard]] bool await_ready() const noexcept { return !taken_ || session_.has_left(Left::kOwn); }
  void await_suspend(std::coroutine_handle<> waiting) {
    session_.leave();
    session_.awaited_ = Left::kOwn;
    session_.sender_ = waiting;
  }
  [[nodiscard]] Result<void> await_resume() const noexcept {
    if (taken_ && session_.state_ == State::kOpen) [[likely]]
      return {};
    return std::unexpected(session_.end_error());
  }

 private:
  Session& session_;
  bool taken_;
};

struct Session::AllSent {
  Session& session;
  [[nodiscard]] bool await_ready() const noexcept { return session.has_left(Left::kAll); }
  void await_suspend(std::coroutine_handle<> waiting) const noexcept {
    session.awaited_ = Left::kAll;
    session.sender_ = waiting;
  }
  void await_resume() const noexcept {}
};

inline Session::Receiving Session::receive() { return {*this, runtime::TimePoint::max()}; }
inline Session::Receiving Session::receive_until(runtime::TimePoint due) { return {*this, due}; }
inline Session::Sending Session::flush() {
  leave();
  return {*this, true};
}
inline Session::Sending Session::send_text(std::string_view text) { return send({MessageType::kText, text}); }
inline Session::Sending Session::send_binary(std::string_view bytes) { return send({MessageType::kBinary, bytes}); }

}  // namespace flare::ws
