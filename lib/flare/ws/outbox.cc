#include "flare/ws/outbox.h"

#include <algorithm>

namespace flare::ws {

void Outbox::append(Piece piece) {
  bytes_ += piece.left();
  pieces_.push_back(std::move(piece));
}

void Outbox::append_own(std::string frames, bool begun) {
  ++own_;
  append({.frame = std::make_shared<const std::string>(std::move(frames)), .kind = Kind::kOwn, .begun = begun});
}

void Outbox::append_message(Frame frame, std::size_t sent) {
  append({.frame = std::move(frame), .sent = sent, .kind = Kind::kMessage, .begun = sent != 0});
}

void Outbox::overtake(Opcode opcode, std::string frame) {
  const Kind kind = opcode == Opcode::kPing ? Kind::kPing : Kind::kPong;
  bytes_ += frame.size();
  Piece piece{.frame = std::make_shared<const std::string>(std::move(frame)), .kind = kind};
  const auto waiting =
      std::ranges::find_if(pieces_, [kind](const Piece& each) { return each.kind == kind && !each.begun; });
  if (waiting != pieces_.end()) {
    bytes_ -= waiting->left();
    *waiting = std::move(piece);
    return;
  }
  // Behind a frame that has begun, before those that have not; what is the session's own keeps its order.
  const auto place =
      std::ranges::find_if(pieces_, [](const Piece& each) { return each.kind == Kind::kMessage && !each.begun; });
  pieces_.insert(place, std::move(piece));
}

Outbox::Dropped Outbox::drop_messages(std::size_t bytes) {
  Dropped dropped;
  std::erase_if(pieces_, [&](const Piece& piece) {
    if (piece.kind != Kind::kMessage || piece.begun || dropped.bytes >= bytes) return false;
    ++dropped.messages;
    dropped.bytes += piece.left();
    return true;
  });
  bytes_ -= dropped.bytes;
  return dropped;
}

std::size_t Outbox::front(std::span<iovec> out) const noexcept {
  const std::size_t count = std::min(out.size(), pieces_.size());
  for (std::size_t i = 0; i < count; ++i)
    out[i] = {const_cast<char*>(pieces_[i].frame->data() + pieces_[i].sent), pieces_[i].left()};  // writev only reads
  return count;
}

void Outbox::sent(std::size_t count) noexcept {
  bytes_ -= count;
  while (count != 0) {
    Piece& piece = pieces_.front();
    const std::size_t taken = std::min(count, piece.left());
    piece.sent += taken;
    piece.begun = true;
    count -= taken;
    if (piece.left() != 0) return;
    if (piece.kind == Kind::kOwn) --own_;
    pieces_.pop_front();
  }
}

}  // namespace flare::ws
