// Messages and control frames as they go to the wire (RFC 6455 §5.2, RFC 7692 §7.2.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "flare/io/buffer.h"
#include "flare/ws/deflate.h"
#include "flare/ws/frame.h"
#include "flare/ws/message.h"

namespace flare::ws {

constexpr Opcode opcode_of(MessageType type) noexcept {
  return type == MessageType::kText ? Opcode::kText : Opcode::kBinary;
}

/// How we compress, as was agreed on.
struct Deflating {
  bool enabled = false;
  bool context_takeover = false;
  std::uint8_t window_bits = 15;
  std::uint32_t min_bytes = 64;
};

class MessageWriter {
 public:
  /// `pool` outlives the writer, and is shared by writers of one thread.
  MessageWriter(Role sender, Deflating deflating, CodecPool& pool) noexcept
      : pool_(pool), deflating_(deflating), sender_(sender) {}

  /// A frame whose payload may leave from where it lies: neither masked nor compressed.
  [[nodiscard]] bool leaves_as_it_is(std::size_t size) const noexcept {
    return sender_ == Role::kServer && (!deflating_.enabled || size < deflating_.min_bytes);
  }
  /// Of the window within which a message of that size may be compressed for all who have such a writer: none where
  /// each has a context of its own, and where it is sent as it is.
  [[nodiscard]] std::optional<std::uint8_t> shared_window_bits(std::size_t size) const noexcept {
    const bool shares = deflating_.enabled && !deflating_.context_takeover && size >= deflating_.min_bytes;
    return shares ? std::optional(deflating_.window_bits) : std::nullopt;
  }
  [[nodiscard]] Role sender() const noexcept { return sender_; }
  /// Appends the head alone, for such a payload.
  void append_head(Opcode opcode, std::size_t size, io::Buffer& out);
  /// Appends one frame.
  void append(const Message& message, io::Buffer& out);
  /// The same, without a context that is carried over: it may be dropped.
  void append_by_itself(const Message& message, io::Buffer& out);
  /// `payload`: at most kMaxControlPayload bytes.
  void append_control(Opcode opcode, std::string_view payload, io::Buffer& out);
  /// Bytes held for this connection alone.
  [[nodiscard]] std::size_t memory() const noexcept { return deflater_ ? deflate_memory(deflating_.window_bits) : 0; }

 private:
  void append_frame(FrameHead head, std::string_view payload, io::Buffer& out);
  std::string_view compress(std::string_view message);

  CodecPool& pool_;
  std::unique_ptr<Deflater> deflater_;  ///< where the context is carried over
  Deflating deflating_;
  Role sender_;
};

}  // namespace flare::ws
