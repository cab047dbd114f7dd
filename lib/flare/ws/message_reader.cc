#include "flare/ws/message_reader.h"

#include <algorithm>
#include <utility>

namespace flare::ws {

MessageReader::~MessageReader() {
  if (inflater_) return_inflater();
}

std::size_t MessageReader::memory() const noexcept {
  return message_.memory() +
         (inflater_ ? inflate_memory(inflating_.context_takeover ? inflating_.window_bits : 15) : 0);
}

std::expected<MessageReader::Step, Reason> MessageReader::step(std::span<char> input) {
  release();
  std::size_t consumed = 0;
  if (!in_frame_) {
    const auto bytes = parse_frame_head({input.data(), input.size()}, receiver_, inflating_.enabled, head_);
    if (!bytes) return std::unexpected(bytes.error());
    if (*bytes == 0) return Step{};
    if (is_control(head_.opcode)) return take_control(input, *bytes);
    if (const Reason why = begin_frame(); why != Reason::kNone) return std::unexpected(why);
    consumed = *bytes;
    if (is_whole_message(input.size() - consumed)) {
      const auto length = static_cast<std::size_t>(head_.length);
      return take_whole(input.subspan(consumed, length), consumed + length);
    }
  }
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input.size() - consumed));
  if (const Reason why = append(input.subspan(consumed, count)); why != Reason::kNone) return std::unexpected(why);
  consumed += count;
  remaining_ -= count;
  in_frame_ = remaining_ != 0;
  if (in_frame_ || !head_.fin) return Step{.consumed = consumed};
  return end_message(consumed);
}

std::expected<MessageReader::Step, Reason> MessageReader::take_control(std::span<char> input, std::size_t head_bytes) {
  const auto length = static_cast<std::size_t>(head_.length);
  if (input.size() - head_bytes < length) return Step{};
  const std::span<char> payload = input.subspan(head_bytes, length);
  if (head_.key) apply_mask(payload, *head_.key);
  const Event event = head_.opcode == Opcode::kPing   ? Event::kPing
                      : head_.opcode == Opcode::kPong ? Event::kPong
                                                      : Event::kClose;
  return Step{.consumed = head_bytes + length, .event = event, .message = {.data = {payload.data(), length}}};
}

/// What the head says about the message, and whether it may.
Reason MessageReader::begin_frame() {
  if ((head_.opcode == Opcode::kContinuation) != in_message_) return Reason::kWsBadFrame;  // RFC 6455 §5.4
  if (!in_message_) {
    type_ = head_.opcode == Opcode::kText ? MessageType::kText : MessageType::kBinary;
    compressed_ = head_.rsv1;
    fragments_ = 0;
    utf8_ = {};
  }
  if (++fragments_ > limits_.fragments) return Reason::kWsFragments;
  // What is compressed shows its size as it is decompressed.
  if (!compressed_ && head_.length > limits_.bytes - message_.size()) return Reason::kWsMessageBytes;
  in_frame_ = true;
  remaining_ = head_.length;
  return Reason::kNone;
}

bool MessageReader::is_whole_message(std::size_t available) const noexcept {
  return !in_message_ && head_.fin && available >= head_.length;
}

std::expected<MessageReader::Step, Reason> MessageReader::take_whole(std::span<char> payload, std::size_t consumed) {
  in_frame_ = false;
  remaining_ = 0;
  if (head_.key) apply_mask(payload, *head_.key);
  std::string_view data(payload.data(), payload.size());
  if (compressed_) {
    std::string& inflated = pool_.inflated();
    inflated.clear();
    borrow_inflater();
    Reason why = inflater_->inflate(data, inflated, limits_.bytes);
    if (why == Reason::kNone) why = inflater_->finish(inflated, limits_.bytes);
    return_inflater();
    if (why != Reason::kNone) return std::unexpected(why);
    data = inflated;
  }
  if (type_ == MessageType::kText && !is_utf8(data)) return std::unexpected(Reason::kWsUtf8);
  return Step{.consumed = consumed, .event = Event::kMessage, .message = {.type = type_, .data = data}};
}

/// `piece` of the payload goes where the message gathers.
Reason MessageReader::append(std::span<char> piece) {
  in_message_ = true;
  if (head_.key) head_.key = apply_mask(piece, *head_.key);
  const std::string_view bytes(piece.data(), piece.size());
  const std::size_t before = message_.size();
  if (compressed_) {
    borrow_inflater();
    if (const Reason why = inflater_->inflate(bytes, message_.text(), limits_.bytes); why != Reason::kNone) return why;
  } else {
    message_.text().append(bytes);
  }
  if (type_ != MessageType::kText) return Reason::kNone;
  return utf8_.take(message_.view().substr(before)) ? Reason::kNone : Reason::kWsUtf8;  // W-8
}

std::expected<MessageReader::Step, Reason> MessageReader::end_message(std::size_t consumed) {
  in_message_ = false;
  if (compressed_) {
    const std::size_t before = message_.size();
    const Reason why = inflater_->finish(message_.text(), limits_.bytes);
    return_inflater();
    if (why != Reason::kNone) return std::unexpected(why);
    if (type_ == MessageType::kText && !utf8_.take(message_.view().substr(before)))
      return std::unexpected(Reason::kWsUtf8);
  }
  if (type_ == MessageType::kText && !utf8_.is_complete()) return std::unexpected(Reason::kWsUtf8);
  given_ = true;
  return Step{.consumed = consumed, .event = Event::kMessage, .message = {.type = type_, .data = message_.text()}};
}

void MessageReader::borrow_inflater() {
  if (inflater_) return;
  inflater_ = inflating_.context_takeover ? std::make_unique<Inflater>(inflating_.window_bits) : pool_.take_inflater();
}

/// One that carries its context over stays.
void MessageReader::return_inflater() {
  if (!inflating_.context_takeover) pool_.give_inflater(std::move(inflater_));
}

}  // namespace flare::ws
