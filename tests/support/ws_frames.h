// Frames of WebSocket as a peer writes them, right or wrong: for tests and fuzzing.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "flare/ws/frame.h"

namespace flare::test {

inline const std::array<char, 4> kMaskBytes = {'\x37', '\xFA', '\x21', '\x3D'};

inline std::string frame(const ws::FrameHead& head, std::string_view payload) {
  std::array<char, ws::kMaxFrameHead> bytes;
  std::string all(bytes.data(), ws::write_frame_head(bytes.data(), head));
  for (std::size_t i = 0; i < payload.size(); ++i)
    all += head.key ? static_cast<char>(payload[i] ^ head.key->bytes()[i % 4]) : payload[i];
  return all;
}

struct FrameStyle {
  bool fin = true;
  bool rsv1 = false;
};
/// As a client sends it.
inline std::string client_frame(ws::Opcode opcode, std::string_view payload, FrameStyle style = {}) {
  return frame({.opcode = opcode,
                .fin = style.fin,
                .rsv1 = style.rsv1,
                .key = ws::MaskingKey(kMaskBytes),
                .length = payload.size()},
               payload);
}
/// As a server sends it.
inline std::string server_frame(ws::Opcode opcode, std::string_view payload, FrameStyle style = {}) {
  return frame({.opcode = opcode, .fin = style.fin, .rsv1 = style.rsv1, .length = payload.size()}, payload);
}
inline std::string close_body(int code, std::string_view reason = {}) {
  return std::string{static_cast<char>(code >> 8), static_cast<char>(code)} + std::string(reason);
}

}  // namespace flare::test
