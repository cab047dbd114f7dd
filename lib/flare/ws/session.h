// A WebSocket session, as its handler sees it (RFC 6455 §5 to §7): `while (auto message = co_await session.receive())
// co_await session.send(*message);`
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "flare/base/error.h"
#include "flare/io/pieces.h"
#include "flare/runtime/eventual.h"
#include "flare/runtime/task.h"
#include "flare/ws/message_reader.h"
#include "flare/ws/message_writer.h"
#include "flare/ws/session_options.h"
#include "flare/ws/turn.h"

namespace flare::ws {

/// One coroutine awaits one thing at a time. Pings are answered, control frames seen to, while it receives. What it
/// sends leaves when it waits next: one send for all answers of a turn. Holds memory only for part of a frame or
/// message, for output the peer does not take, and for compression contexts that are carried over. What needs no
/// transport is here; StreamSession adds it.
class Session : protected Turn::Tenant, private runtime::Cancellation::Listener {
 public:
  /// The next message. Its data lives until this coroutine waits for anything but a send() of this session: copy it
  /// before that. Errors: kClosed, the session has ended in order (close_code, why); kProtocol, the peer broke a rule
  /// or limit and has been told; kTimeout, it was silent; others, the connection broke.
  runtime::Eventual<Result<Message>> receive() { return receive_until(runtime::TimePoint::max()); }
  /// The same, but kWouldBlock where none has come by `due`: the session goes on.
  runtime::Eventual<Result<Message>> receive_until(runtime::TimePoint due);
  /// Taken when it returns, in order; waits only for a peer that takes less than it is sent. Text must be UTF-8. An
  /// error: nothing can be sent any more, receive() says why.
  runtime::Eventual<Result<void>> send(const Message& message);
  runtime::Eventual<Result<void>> send_text(std::string_view text) { return send({MessageType::kText, text}); }
  runtime::Eventual<Result<void>> send_binary(std::string_view bytes) { return send({MessageType::kBinary, bytes}); }
  /// What was sent leaves now, not when this coroutine waits next; done when the kernel has all of it.
  runtime::Task<Result<void>> flush();
  /// Sends a close frame and waits for the peer's, at most close_timeout; messages that still come are dropped. Nothing
  /// where the session has ended. Throws std::invalid_argument where the code is not valid.
  runtime::Task<void> close(CloseCode code = CloseCode::kNormal, std::string_view reason = {});

  [[nodiscard]] bool is_open() const noexcept { return state_ == State::kOpen; }
  [[nodiscard]] const std::string& subprotocol() const noexcept { return subprotocol_; }
  /// The peer's, once it has closed: kNoStatus, it gave none; kAbnormal, there was no close frame.
  [[nodiscard]] CloseCode close_code() const noexcept { return close_code_; }
  [[nodiscard]] const std::string& close_reason() const noexcept { return close_reason_; }
  /// Why we ended it; kNone: we did not.
  [[nodiscard]] Reason why() const noexcept { return why_; }
  /// Frames and messages received and sent, for logs.
  struct Counts {
    std::uint64_t messages_in = 0;
    std::uint64_t messages_out = 0;
    std::uint64_t bytes_in = 0;   ///< on the wire
    std::uint64_t bytes_out = 0;  ///< on the wire
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
  /// Waits for what try_receive() needs.
  virtual runtime::Task<Result<Message>> receive_more() = 0;
  virtual runtime::Task<Result<void>> send_unsent() = 0;
  virtual runtime::Task<void> await_close() = 0;
  /// A drain has begun: a wait for input must not last beyond drain_due().
  virtual void drain_wakes() = 0;

  /// What the input at hand gives: a message, the end, or kWouldBlock, wait for more.
  Result<Message> try_receive();
  /// `arrived`: at the start of the turn's input buffer, which this session holds.
  void take_input(std::size_t arrived) noexcept { input_ = {turn_.input().data(), arrived}; }
  /// Before a wait: gathered output is sent as far as it goes, the rest and unread input taken along.
  void leave();
  /// The same for other reasons to leave.
  void leave_turn() override { leave(); }
  void begin_close(CloseCode code, std::string_view reason, Reason why = Reason::kNone);
  /// The connection has ended without a close frame, for that reason.
  std::unexpected<Error> break_off(Error error);
  /// Sends a close frame and ends at once.
  std::unexpected<Error> fail_session(ErrorKind kind, Reason why, std::string_view text = {});
  void send_ping();

  Turn& turn_;
  const SessionOptions& options_;
  State state_ = State::kOpen;
  Role role_;
  std::string held_;    ///< input that waits for its rest, or for the handler
  std::string unsent_;  ///< output that the kernel did not take
  runtime::TimePoint drain_due_ = runtime::TimePoint::max();
  runtime::TimePoint receive_due_ = runtime::TimePoint::max();  ///< of the present receive_until()
  Counts counts_;
  bool told_ = false;  ///< the peer has broken a rule, and a close frame says so

 private:
  void on_cancel() override;
  Result<Message> take_close(std::string_view body);
  void send_gathered();
  void send_if_much() {
    if (turn_.output().size() >= kMuch) send_gathered();
  }
  void append_close(CloseCode code, std::string_view reason);
  bool send_from_its_place(const Message& message);
  [[nodiscard]] Error end_error() const noexcept;

  static constexpr std::size_t kMuch = 64 * 1024;   ///< output is sent before the turn ends
  static constexpr std::size_t kLarge = 16 * 1024;  ///< payload is not copied to the output first

  MessageReader reader_;
  MessageWriter writer_;
  std::span<char> input_;  ///< in the turn's buffer, while it is ours
  std::string subprotocol_;
  std::string close_reason_;
  CloseCode close_code_ = CloseCode::kAbnormal;
  Reason why_ = Reason::kNone;
  ErrorKind end_ = ErrorKind::kClosed;  ///< what receive() says after the end
};

}  // namespace flare::ws
