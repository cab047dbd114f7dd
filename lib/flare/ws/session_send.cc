// What a session sends, what it takes along when it leaves the turn, what others post to it.
#include <algorithm>
#include <limits>

#include "flare/ws/session.h"

namespace flare::ws {

/// The coroutine's own output has to leave before it goes on: who does not read is not read from (W-13).
Session::Sending Session::send(const Message& message) {
  if (state_ != State::kOpen) return {*this, false};
  ++counts_.messages_out;
  turn_.acquire(*this);
  if (!send_from_its_place(message)) {
    writer_.append(message, turn_.output());
    send_if_much();
  }
  return {*this, true};
}

/// A large one without a copy: the kernel takes it from where it lies, mostly as a whole.
bool Session::send_from_its_place(const Message& message) {
  if (message.data.size() < kLarge || !writer_.leaves_as_it_is(message.data.size()) || outbox_) return false;
  io::Buffer& output = turn_.output();
  writer_.append_head(opcode_of(message.type), message.data.size(), output);
  const std::size_t head = output.size();
  const std::size_t sent = write_now({output.view(), message.data});
  counts_.bytes_out += sent;
  if (sent < head + message.data.size()) {
    std::string rest(output.view().substr(std::min(sent, head)));
    rest.append(message.data.substr(sent > head ? sent - head : 0));
    queue_own(std::move(rest), sent != 0);
  }
  output.clear();
  return true;
}

void Session::send_gathered() {
  io::Buffer& output = turn_.output();
  if (output.empty()) return;
  const std::size_t sent = outbox_ ? 0 : write_now(output.view());
  counts_.bytes_out += sent;
  if (sent < output.size()) queue_own(std::string(output.view().substr(sent)), sent != 0);
  output.clear();
}

void Session::leave() {
  if (!turn_.is_held_by(*this)) return;
  send_gathered();
  if (!input_.empty()) held_.text().assign(input_.data(), input_.size());
  input_ = {};
  turn_.release(*this);
}

void Session::send_ping() {
  if (outbox_) return outbox_->overtake(Opcode::kPing, control_frame(Opcode::kPing, {}));
  turn_.acquire(*this);
  writer_.append_control(Opcode::kPing, {}, turn_.output());
}

std::string Session::control_frame(Opcode opcode, std::string_view payload) {
  io::Buffer frame(kMaxFrameHead + kMaxControlPayload);
  writer_.append_control(opcode, payload, frame);
  return std::string(frame.view());
}

// ---- what others post

Posted Session::post(Broadcast& broadcast, bool waits) {
  if (role_ == Role::kClient) return post(broadcast.message()->message());  // each frame has a key of its own
  return post_frame(broadcast.frame_for(writer_), waits);
}

Posted Session::post(const Message& message) {
  if (state_ != State::kOpen) return Posted::kClosed;
  io::Buffer frame(kMaxFrameHead + message.data.size());
  writer_.append_by_itself(message, frame);
  return post_frame(std::make_shared<const std::string>(frame.view()));
}

Posted Session::post_frame(const Frame& frame, bool waits) {
  if (state_ != State::kOpen) return Posted::kClosed;
  if (turn_.is_held_by(*this)) send_gathered();
  if (frame->size() > options_.queue - std::min(options_.queue, outbox_ ? outbox_->bytes() : 0)) {
    if (waits && outbox_) return Posted::kNoRoom;
    if (const Posted outcome = meet_slow(frame); outcome != Posted::kTaken) return outcome;
  }
  ++counts_.messages_out;
  const std::size_t sent = outbox_ ? 0 : write_now(std::string_view(*frame));
  counts_.bytes_out += sent;
  if (sent == frame->size()) return Posted::kTaken;
  const bool first = !outbox_;
  if (first) outbox_ = std::make_unique<Outbox>();
  outbox_->append_message(frame, sent);
  if (first) start_sending();
  return Posted::kTaken;
}

/// There is no room for a frame; kTaken: now there is.
Posted Session::meet_slow(const Frame& frame) {
  switch (options_.on_slow) {
    case OnSlow::kPauseProducer:
      if (outbox_) return Posted::kNoRoom;
      break;  // it will never have room
    case OnSlow::kClose:
      drop_posted();
      begin_close(CloseCode::kTryAgainLater, "too slow", Reason::kWsSlow);
      leave();
      return Posted::kClosed;
    case OnSlow::kDropOldest:
      if (outbox_ && frame->size() <= options_.queue) {
        const std::size_t over = outbox_->bytes() + frame->size() - options_.queue;
        const Outbox::Dropped dropped = outbox_->drop_messages(over);
        counts_.messages_dropped += dropped.messages;
        counts_.messages_out -= dropped.messages;
        if (dropped.bytes >= over) return Posted::kTaken;
      }
      break;
    case OnSlow::kDropNewest: break;
  }
  ++counts_.messages_dropped;
  return Posted::kDropped;
}

void Session::drop_posted() {
  if (!outbox_) return;
  const std::size_t dropped = outbox_->drop_messages(std::numeric_limits<std::size_t>::max()).messages;
  counts_.messages_dropped += dropped;
  counts_.messages_out -= dropped;
}

void Session::queue_own(std::string frames, bool begun) {
  const bool first = !outbox_;
  if (first) outbox_ = std::make_unique<Outbox>();
  outbox_->append_own(std::move(frames), begun);
  if (first) start_sending();
}

void Session::outbox_sent(std::size_t count) {
  counts_.bytes_out += count;
  outbox_->sent(count);
  if (outbox_->empty()) outbox_.reset();
  if (room_listener_ != nullptr) room_listener_->on_room();
}

}  // namespace flare::ws
