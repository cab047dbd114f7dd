// A message of WebSocket (RFC 6455 §5.6).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace flare::ws {

enum class MessageType : std::uint8_t { kText = 1, kBinary = 2 };  // as their opcodes

/// Text is valid UTF-8 where it was received. A view: whoever made it says how long it lives.
struct Message {
  MessageType type = MessageType::kText;
  std::string_view data;

  friend bool operator==(const Message&, const Message&) = default;
};

/// What a peer may make us keep or do; hitting one ends the session with 1009 (W-9).
struct MessageLimits {
  std::size_t bytes = 64 * 1024;        ///< of a message, after decompression (ws.message)
  std::uint32_t fragments = 64 * 1024;  ///< frames of a message
};

}  // namespace flare::ws
