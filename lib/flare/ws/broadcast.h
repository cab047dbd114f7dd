// A message for many sessions: encoded once for each way in which they want it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "flare/ws/deflate.h"
#include "flare/ws/message.h"
#include "flare/ws/message_writer.h"
#include "flare/ws/outbox.h"

namespace flare::ws {

/// A message as servers send it, uncompressed. Immutable: workers share it.
class SharedMessage {
 public:
  explicit SharedMessage(const Message& message);
  /// Its data lives as long as this.
  [[nodiscard]] Message message() const noexcept {
    return {type_, std::string_view(frame_).substr(frame_.size() - size_)};
  }
  [[nodiscard]] const std::string& frame() const noexcept { return frame_; }

 private:
  MessageType type_;
  std::size_t size_;
  std::string frame_;  ///< the head, then the message
};

/// One worker's view of it, which compresses at most once for each size of window. `pool` outlives it.
class Broadcast {
 public:
  Broadcast(std::shared_ptr<const SharedMessage> message, CodecPool& pool) noexcept
      : message_(std::move(message)), plain_(message_, &message_->frame()), pool_(pool) {}
  [[nodiscard]] const std::shared_ptr<const SharedMessage>& message() const noexcept { return message_; }
  /// As a session with such a writer sends it.
  const Frame& frame_for(const MessageWriter& writer);

 private:
  std::shared_ptr<const SharedMessage> message_;
  Frame plain_;
  std::array<Frame, 16> compressed_;  ///< by window bits
  CodecPool& pool_;
};

}  // namespace flare::ws
