// Frames in, messages and control frames out (RFC 6455 §5.4, §5.5). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "flare/base/rare_string.h"
#include "flare/base/reason.h"
#include "flare/base/utf8.h"
#include "flare/ws/deflate.h"
#include "flare/ws/frame.h"
#include "flare/ws/message.h"

namespace flare::ws {

/// How a peer compresses, as was agreed on.
struct Inflating {
  bool enabled = false;
  bool context_takeover = false;
  std::uint8_t window_bits = 15;
};

/// Takes the input in whatever pieces it comes, and unmasks it in place. A message in one frame that is there as a
/// whole is a view into the input; memory of its own is needed, and held, for others only. What is wrong shows at the
/// first byte that shows it; the limits are held against what a head announces, before there is memory for it.
class MessageReader {
 public:
  /// `pool` outlives the reader, and is shared by readers of one thread.
  MessageReader(Role receiver, const MessageLimits& limits, Inflating inflating, CodecPool& pool) noexcept
      : limits_(limits), pool_(pool), receiver_(receiver), inflating_(inflating) {}
  MessageReader(const MessageReader&) = delete;
  MessageReader& operator=(const MessageReader&) = delete;
  ~MessageReader();

  enum class Event : std::uint8_t {
    kNone,  ///< nothing yet: with `consumed`, call again with the rest; without, with more
    kMessage,
    kPing,
    kPong,
    kClose,
  };
  struct Step {
    std::size_t consumed = 0;
    Event event = Event::kNone;
    Message message;  ///< its data for every event but kNone; lives until the next step() or release(), and as long as
                      ///< the input
  };
  /// After an error, no further step.
  std::expected<Step, Reason> step(std::span<char> input);

  /// The message of the last step is done with: its memory goes back. step() does that too.
  void release() noexcept {
    if (std::exchange(given_, false)) message_.clear();
  }

  /// Part of a message has been taken, or of a frame.
  [[nodiscard]] bool is_within_message() const noexcept { return in_frame_ || in_message_; }
  /// Bytes held for this connection alone.
  [[nodiscard]] std::size_t memory() const noexcept;

 private:
  std::expected<Step, Reason> take_control(std::span<char> input, std::size_t head_bytes);
  Reason begin_frame();
  [[nodiscard]] bool is_whole_message(std::size_t available) const noexcept;
  std::expected<Step, Reason> take_whole(std::span<char> payload, std::size_t consumed);
  Reason append(std::span<char> piece);
  std::expected<Step, Reason> end_message(std::size_t consumed);
  void borrow_inflater();
  void return_inflater();

  const MessageLimits& limits_;
  CodecPool& pool_;
  FrameHead head_;               ///< of the present frame
  std::uint64_t remaining_ = 0;  ///< of its payload
  RareString message_;           ///< what has come of a message that did not come as a whole
  std::unique_ptr<Inflater> inflater_;
  std::uint32_t fragments_ = 0;
  Role receiver_;
  Inflating inflating_;
  Utf8Checker utf8_;
  MessageType type_ = MessageType::kText;
  bool in_frame_ = false;
  bool in_message_ = false;
  bool compressed_ = false;
  bool given_ = false;  ///< message_ was the last event
};

}  // namespace flare::ws
