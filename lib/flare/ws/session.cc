#include "flare/ws/session.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

namespace flare::ws {
namespace {

Inflating inflating_of(const Agreed& agreed) noexcept {
  if (!agreed.deflate) return {};
  const DeflateParams& params = *agreed.deflate;
  if (agreed.role == Role::kServer)
    return {.enabled = true,
            .context_takeover = !params.client_no_context_takeover,
            .window_bits = params.client_max_window_bits};
  return {.enabled = true,
          .context_takeover = !params.server_no_context_takeover,
          .window_bits = params.server_max_window_bits};
}

Deflating deflating_of(const Agreed& agreed, const SessionOptions& options) noexcept {
  if (!agreed.deflate) return {};
  const DeflateParams& params = *agreed.deflate;
  if (agreed.role == Role::kServer)
    return {.enabled = true,
            .context_takeover = !params.server_no_context_takeover,
            .window_bits = params.server_max_window_bits,
            .min_bytes = options.deflate_min_bytes};
  return {.enabled = true,
          .context_takeover = !params.client_no_context_takeover,
          .window_bits = params.client_max_window_bits,
          .min_bytes = options.deflate_min_bytes};
}

}  // namespace

Session::Session(Turn& turn, const SessionOptions& options, Agreed agreed)
    : Listener(turn.draining()),
      turn_(turn),
      options_(options),
      role_(agreed.role),
      reader_(agreed.role, options.limits, inflating_of(agreed), turn.codecs()),
      writer_(agreed.role, deflating_of(agreed, options), turn.codecs()) {
  if (!agreed.subprotocol.empty())
    words_ = std::make_unique<Words>(Words{.subprotocol = std::move(agreed.subprotocol), .close_reason = {}});
  if (role_ == Role::kServer && turn.draining().is_cancelled())
    drain_due_ = moment_within(turn.worker().now(), options.drain_spread);
}

Session::~Session() { turn_.release(*this); }

std::size_t Session::memory() const noexcept {
  const auto heap = [](const std::string& text) { return text.capacity() > 15 ? text.capacity() : 0; };
  const std::size_t waiting = outbox_ ? sizeof(Outbox) + outbox_->bytes() : 0;
  const std::size_t words = words_ ? sizeof(Words) + heap(words_->subprotocol) + heap(words_->close_reason) : 0;
  return held_.memory() + waiting + words + reader_.memory() + writer_.memory();
}

void Session::on_cancel() {
  if (role_ == Role::kClient) return;  // whose it is ends it
  drain_due_ = moment_within(turn_.worker().now(), options_.drain_spread);
  rearm();
}

Error Session::end_error() const noexcept { return Error::of(end_, why_); }

// ---- receiving

Message Session::next_message() {
  reader_.release();
  if (state_ == State::kClosed) return {};
  if (input_.empty() && !held_.empty()) {
    turn_.acquire(*this);
    const std::string_view held = held_.view();
    std::memcpy(turn_.input().reserve(held.size()), held.data(), held.size());
    take_input(held.size());
    held_.clear();
  }
  while (!input_.empty()) {
    const auto step = reader_.step(input_);
    if (!step) {
      static_cast<void>(fail_session(ErrorKind::kProtocol, step.error()));
      return {};
    }
    input_ = input_.subspan(step->consumed);
    switch (step->event) {
      case MessageReader::Event::kNone:
        if (step->consumed == 0) return {};
        break;
      case MessageReader::Event::kMessage:
        if (state_ != State::kOpen) break;
        ++counts_.messages_in;
        return step->message;
      case MessageReader::Event::kPing:
        if (state_ == State::kOpen) answer_ping(step->message.data);
        break;
      case MessageReader::Event::kPong: break;
      case MessageReader::Event::kClose: take_close(step->message.data); return {};
    }
  }
  return {};
}

bool Session::park(Message& message) {
  received_ = &message;
  for (;;) {
    leave();
    if (wait_for_input()) return true;
    message = next_message();
    if (message.data.data() != nullptr || !may_come()) return false;
  }
}

void Session::input_came() {
  if (!receiver_) return;
  *received_ = next_message();
  if (received_->data.data() == nullptr && may_come() && park(*received_)) return;
  std::exchange(receiver_, {}).resume();  // the last thing: it may end the session
}

void Session::output_left() {
  if (sender_ && has_left(awaited_)) std::exchange(sender_, {}).resume();
}

/// Where the peer takes less than it is sent, the latest answer counts (W-7).
void Session::answer_ping(std::string_view payload) {
  if (outbox_) return outbox_->overtake(Opcode::kPong, control_frame(Opcode::kPong, payload));
  writer_.append_control(Opcode::kPong, payload, turn_.output());
  send_if_much();
}

/// Echoes the peer's code, if it was the first to close (RFC 6455 §5.5.1).
void Session::take_close(std::string_view body) {
  const auto close = parse_close_body(body);
  if (!close) return static_cast<void>(fail_session(ErrorKind::kProtocol, close.error()));
  close_code_ = close->code;
  if (!close->reason.empty()) {
    if (!words_) words_ = std::make_unique<Words>();
    words_->close_reason = close->reason;
  }
  drop_posted();
  if (state_ == State::kOpen) append_close(close->code, {});
  state_ = State::kClosed;
  input_ = {};
  leave();
}

// ---- the end

void Session::append_close(CloseCode code, std::string_view reason) {
  std::array<char, kMaxControlPayload> body;
  const std::string_view payload(body.data(), write_close_body(body.data(), {code, reason}));
  if (outbox_ && !turn_.is_held_by(*this)) return outbox_->append_own(control_frame(Opcode::kClose, payload), false);
  turn_.acquire(*this);
  writer_.append_control(Opcode::kClose, payload, turn_.output());
}

void Session::begin_close(CloseCode code, std::string_view reason, Reason why) {
  append_close(code, reason);
  state_ = State::kClosing;
  why_ = why;
  rearm();
}

runtime::Task<void> Session::close(CloseCode code, std::string_view reason) {
  if (!is_valid(code))
    throw std::invalid_argument("ws::Session::close: code " + std::to_string(static_cast<int>(code)) +
                                " may not stand in a close frame; use 1000 to 1014 or 3000 to 4999");
  if (state_ == State::kOpen) begin_close(code, reason);
  while (state_ == State::kClosing) static_cast<void>(co_await receive());
}

std::unexpected<Error> Session::fail_session(ErrorKind kind, Reason why, std::string_view text) {
  drop_posted();
  if (state_ == State::kOpen) append_close(close_code_for(why), text);
  told_ = kind == ErrorKind::kProtocol;
  input_ = {};
  held_.clear();
  leave();
  if (kind == ErrorKind::kTimeout) outbox_.reset();  // who is silent is not waited for (W-10)
  state_ = State::kClosed;
  why_ = why;
  end_ = kind;
  return std::unexpected(end_error());
}

std::unexpected<Error> Session::break_off(Error error, bool listens) {
  if (state_ != State::kClosed) {
    state_ = State::kClosed;
    end_ = error.kind;
    if (why_ == Reason::kNone) why_ = error.reason;
  }
  listens ? drop_posted() : outbox_.reset();
  input_ = {};
  held_.clear();
  return std::unexpected(end_error());
}

}  // namespace flare::ws
