#include "flare/ws/frame.h"

#include <algorithm>

namespace flare::ws {
namespace {

constexpr unsigned kFin = 0x80;
constexpr unsigned kRsv1 = 0x40;
constexpr unsigned kRsv2And3 = 0x30;
constexpr unsigned kMasked = 0x80;
constexpr unsigned kLength16 = 126;
constexpr unsigned kLength64 = 127;

constexpr unsigned byte_at(std::string_view input, std::size_t at) noexcept {
  return static_cast<unsigned char>(input[at]);
}

std::uint64_t big_endian(std::string_view bytes) noexcept {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

Reason read_first(unsigned byte, bool compression, FrameHead& head) noexcept {
  const unsigned opcode = byte & 0x0FU;
  if ((opcode > 2 && opcode < 8) || opcode > 10) return Reason::kWsBadFrame;
  head.opcode = static_cast<Opcode>(opcode);
  head.fin = (byte & kFin) != 0;
  head.rsv1 = (byte & kRsv1) != 0;
  if ((byte & kRsv2And3) != 0) return Reason::kWsBadFrame;
  const bool may_be_compressed = compression && (head.opcode == Opcode::kText || head.opcode == Opcode::kBinary);
  if (head.rsv1 && !may_be_compressed) return Reason::kWsBadFrame;       // RFC 6455 §5.2, RFC 7692 §6.1
  if (is_control(head.opcode) && !head.fin) return Reason::kWsBadFrame;  // RFC 6455 §5.5
  return Reason::kNone;
}

constexpr bool is_shortest(std::uint64_t length, std::size_t bytes) noexcept {
  return bytes == 2 ? length >= kLength16 : length > 0xFFFF && length >> 63 == 0;  // RFC 6455 §5.2
}

}  // namespace

std::expected<std::size_t, Reason> parse_frame_head(std::string_view input, Role receiver, bool compression,
                                                    FrameHead& head) noexcept {
  if (input.empty()) return 0;
  if (const Reason why = read_first(byte_at(input, 0), compression, head); why != Reason::kNone)
    return std::unexpected(why);
  if (input.size() < 2) return 0;
  const bool masked = (byte_at(input, 1) & kMasked) != 0;
  if (masked != (receiver == Role::kServer)) return std::unexpected(Reason::kWsMasking);  // RFC 6455 §5.1

  const unsigned length = byte_at(input, 1) & 0x7FU;
  const std::size_t more = length == kLength64 ? 8 : length == kLength16 ? 2 : 0;
  if (more != 0 && is_control(head.opcode)) return std::unexpected(Reason::kWsBadFrame);  // RFC 6455 §5.5
  std::size_t at = 2;
  if (input.size() < at + more) return 0;
  head.length = more == 0 ? length : big_endian(input.substr(at, more));
  if (more != 0 && !is_shortest(head.length, more)) return std::unexpected(Reason::kWsBadFrame);
  at += more;

  head.key.reset();
  if (!masked) return at;
  if (input.size() < at + 4) return 0;
  head.key = MaskingKey::load(input.data() + at);
  return at + 4;
}

std::size_t write_frame_head(char* out, const FrameHead& head) noexcept {
  char* const begin = out;
  const unsigned first = static_cast<unsigned>(head.opcode) | (head.fin ? kFin : 0) | (head.rsv1 ? kRsv1 : 0);
  *out++ = static_cast<char>(first);
  const unsigned masked = head.key ? kMasked : 0;
  const unsigned more = head.length > 0xFFFF ? 8 : head.length >= kLength16 ? 2 : 0;
  const unsigned length = more == 8 ? kLength64 : more == 2 ? kLength16 : static_cast<unsigned>(head.length);
  *out++ = static_cast<char>(masked | length);
  for (unsigned left = more; left != 0; --left) *out++ = static_cast<char>(head.length >> (8 * (left - 1)));
  if (head.key) out = std::ranges::copy(head.key->bytes(), out).out;
  return static_cast<std::size_t>(out - begin);
}

}  // namespace flare::ws
