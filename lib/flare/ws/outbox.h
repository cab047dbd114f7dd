// What a WebSocket session has not been able to send yet. Pure.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "flare/ws/frame.h"

namespace flare::ws {

/// A frame as it goes to the wire, shared by all who send it.
using Frame = std::shared_ptr<const std::string>;

/// In order; a frame that has begun is sent to its end, whatever happens to the others. Sessions have one only while
/// they have something in it.
class Outbox {
 public:
  [[nodiscard]] bool empty() const noexcept { return pieces_.empty(); }
  /// Still to be sent.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  /// Something of the session's own, which is never dropped, is still to be sent.
  [[nodiscard]] bool has_own() const noexcept { return own_ != 0; }

  /// The session's own: whole frames, or with `begun` the rest of some.
  void append_own(std::string frames, bool begun);
  /// A message, of which `sent` bytes have left.
  void append_message(Frame frame, std::size_t sent);
  /// A ping or a pong: it overtakes messages, and takes the place of one that waits (RFC 6455 §5.5.3).
  void overtake(Opcode opcode, std::string frame);

  /// Drops messages that have not begun, the oldest first, until `bytes` fewer are left, or none is: how many messages
  /// and bytes.
  struct Dropped {
    std::size_t messages = 0;
    std::size_t bytes = 0;
  };
  Dropped drop_messages(std::size_t bytes);

  /// What comes next, as far as `out` reaches.
  std::size_t front(std::span<iovec> out) const noexcept;
  /// The first `count` bytes have left.
  void sent(std::size_t count) noexcept;

 private:
  enum class Kind : unsigned char { kOwn, kMessage, kPing, kPong };
  struct Piece {
    Frame frame;
    std::size_t sent = 0;
    Kind kind = Kind::kOwn;
    bool begun = false;
    [[nodiscard]] std::size_t left() const noexcept { return frame->size() - sent; }
  };
  void append(Piece piece);

  std::deque<Piece> pieces_;
  std::size_t bytes_ = 0;
  std::size_t own_ = 0;
};

}  // namespace flare::ws
