// What a session sends, and what it takes along when it leaves the turn.
#include <algorithm>

#include "flare/ws/session.h"

namespace flare::ws {

runtime::Eventual<Result<void>> Session::send(const Message& message) {
  if (state_ != State::kOpen) return Result<void>(fail(ErrorKind::kClosed, why_));
  ++counts_.messages_out;
  turn_.acquire(*this);
  if (!send_from_its_place(message)) {
    writer_.append(message, turn_.output());
    send_if_much();
  }
  if (unsent_.empty()) return Result<void>();
  return flush();
}

/// A large one without a copy: the kernel takes it from where it lies, mostly as a whole.
bool Session::send_from_its_place(const Message& message) {
  if (message.data.size() < kLarge || !writer_.leaves_as_it_is(message.data.size()) || !unsent_.empty()) return false;
  io::Buffer& output = turn_.output();
  writer_.append_head(message.type == MessageType::kText ? Opcode::kText : Opcode::kBinary, message.data.size(),
                      output);
  const std::size_t head = output.size();
  const std::size_t sent = write_now({output.view(), message.data});
  counts_.bytes_out += head + message.data.size();
  unsent_.append(output.view().substr(std::min(sent, head)));
  unsent_.append(message.data.substr(sent > head ? sent - head : 0));
  output.clear();
  return true;
}

void Session::send_gathered() {
  io::Buffer& output = turn_.output();
  if (output.empty()) return;
  counts_.bytes_out += output.size();
  const std::size_t sent = unsent_.empty() ? write_now({output.view()}) : 0;
  unsent_.append(output.view().substr(sent));
  output.clear();
}

runtime::Task<Result<void>> Session::flush() {
  leave();
  auto sent = co_await send_unsent();
  co_return sent;
}

void Session::leave() {
  if (!turn_.is_held_by(*this)) return;
  send_gathered();
  if (!input_.empty()) held_.assign(input_.data(), input_.size());
  input_ = {};
  turn_.release(*this);
}

void Session::send_ping() {
  turn_.acquire(*this);
  writer_.append_control(Opcode::kPing, {}, turn_.output());
}

}  // namespace flare::ws
