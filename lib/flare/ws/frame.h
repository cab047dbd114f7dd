// Frames of WebSocket (RFC 6455 §5.2): the head's parser and serializer. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "flare/base/reason.h"
#include "flare/ws/mask.h"

namespace flare::ws {

enum class Opcode : std::uint8_t { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

constexpr bool is_control(Opcode opcode) noexcept { return (static_cast<unsigned>(opcode) & 8U) != 0; }

/// Which end of the connection this is. Clients mask what they send, servers must not (RFC 6455 §5.1).
enum class Role : std::uint8_t { kServer, kClient };

struct FrameHead {
  Opcode opcode = Opcode::kText;
  bool fin = true;
  bool rsv1 = false;  ///< "compressed", RFC 7692 §6: the first frame of a message says it
  std::optional<MaskingKey> key;
  std::uint64_t length = 0;  ///< of the payload, below 2^63

  friend bool operator==(const FrameHead&, const FrameHead&) = default;
};

inline constexpr std::size_t kMaxFrameHead = 14;
inline constexpr std::size_t kMaxControlPayload = 125;

/// Parses the head at the start of `input`, which `receiver` got. How many bytes it took; 0: incomplete, call again
/// with more. Errors as soon as a byte shows them: reserved bits (rsv1 unless `compression` was agreed on, and then
/// only at the start of a data message), reserved opcodes, control frames in fragments or longer than 125 bytes,
/// lengths that are not in the shortest form or have their top bit set (kWsBadFrame), a mask that is missing or must
/// not be (kWsMasking).
std::expected<std::size_t, Reason> parse_frame_head(std::string_view input, Role receiver, bool compression,
                                                    FrameHead& head) noexcept;

/// Writes the head at `out`, which has room for kMaxFrameHead bytes; how many they are. The length in its shortest
/// form.
std::size_t write_frame_head(char* out, const FrameHead& head) noexcept;

}  // namespace flare::ws
