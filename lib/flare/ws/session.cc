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
      writer_(agreed.role, deflating_of(agreed, options), turn.codecs()),
      subprotocol_(std::move(agreed.subprotocol)) {
  if (turn.draining().is_cancelled()) drain_due_ = turn.drain_due();
}

Session::~Session() { turn_.release(*this); }

std::size_t Session::memory() const noexcept {
  const auto heap = [](const std::string& text) { return text.capacity() > 15 ? text.capacity() : 0; };
  return heap(held_) + heap(unsent_) + heap(close_reason_) + heap(subprotocol_) + reader_.memory() + writer_.memory();
}

void Session::on_cancel() {
  drain_due_ = turn_.drain_due();
  drain_wakes();
}

Error Session::end_error() const noexcept { return Error::of(end_, why_); }

// ---- receiving

runtime::Eventual<Result<Message>> Session::receive_until(runtime::TimePoint due) {
  receive_due_ = due;
  auto message = try_receive();
  if (message || message.error().kind != ErrorKind::kWouldBlock) return message;
  return receive_more();
}

Result<Message> Session::try_receive() {
  reader_.release();
  if (!unsent_.empty()) return fail(ErrorKind::kWouldBlock);  // who does not read is not read from (W-13)
  if (state_ == State::kClosed) return std::unexpected(end_error());
  if (input_.empty() && !held_.empty()) {
    turn_.acquire(*this);
    std::memcpy(turn_.input().reserve(held_.size()), held_.data(), held_.size());
    take_input(held_.size());
    std::string().swap(held_);
  }
  while (!input_.empty()) {
    const auto step = reader_.step(input_);
    if (!step) return fail_session(ErrorKind::kProtocol, step.error());
    input_ = input_.subspan(step->consumed);
    switch (step->event) {
      case MessageReader::Event::kNone:
        if (step->consumed == 0) return fail(ErrorKind::kWouldBlock);
        break;
      case MessageReader::Event::kMessage:
        if (state_ != State::kOpen) break;
        ++counts_.messages_in;
        return step->message;
      case MessageReader::Event::kPing:
        if (state_ != State::kOpen) break;
        writer_.append_control(Opcode::kPong, step->message.data, turn_.output());
        send_if_much();
        if (!unsent_.empty()) return fail(ErrorKind::kWouldBlock);
        break;
      case MessageReader::Event::kPong: break;
      case MessageReader::Event::kClose: return take_close(step->message.data);
    }
  }
  return fail(ErrorKind::kWouldBlock);
}

/// Echoes the peer's code, if it was the first to close (RFC 6455 §5.5.1).
Result<Message> Session::take_close(std::string_view body) {
  const auto close = parse_close_body(body);
  if (!close) return fail_session(ErrorKind::kProtocol, close.error());
  close_code_ = close->code;
  close_reason_ = close->reason;
  if (state_ == State::kOpen) append_close(close->code, {});
  state_ = State::kClosed;
  input_ = {};
  leave();
  return std::unexpected(end_error());
}

// ---- the end

void Session::append_close(CloseCode code, std::string_view reason) {
  turn_.acquire(*this);
  std::array<char, kMaxControlPayload> body;
  writer_.append_control(Opcode::kClose, {body.data(), write_close_body(body.data(), {code, reason})}, turn_.output());
}

void Session::begin_close(CloseCode code, std::string_view reason, Reason why) {
  append_close(code, reason);
  state_ = State::kClosing;
  why_ = why;
}

runtime::Task<void> Session::close(CloseCode code, std::string_view reason) {
  if (!is_valid(code))
    throw std::invalid_argument("ws::Session::close: code " + std::to_string(static_cast<int>(code)) +
                                " may not stand in a close frame; use 1000 to 1014 or 3000 to 4999");
  if (state_ != State::kOpen) co_return;
  begin_close(code, reason);
  co_await await_close();
}

std::unexpected<Error> Session::fail_session(ErrorKind kind, Reason why, std::string_view text) {
  if (state_ == State::kOpen) append_close(close_code_for(why), text);
  told_ = kind == ErrorKind::kProtocol;
  input_ = {};
  held_.clear();
  leave();
  state_ = State::kClosed;
  why_ = why;
  end_ = kind;
  return std::unexpected(end_error());
}

std::unexpected<Error> Session::break_off(Error error) {
  if (state_ != State::kClosed) {
    state_ = State::kClosed;
    end_ = error.kind;
    if (why_ == Reason::kNone) why_ = error.reason;
  }
  std::string().swap(unsent_);
  std::string().swap(held_);
  return std::unexpected(end_error());
}

}  // namespace flare::ws
