#include "flare/ws/message_writer.h"

#include <algorithm>
#include <array>
#include <bit>

#include "flare/base/random.h"

namespace flare::ws {

void MessageWriter::append_head(Opcode opcode, std::size_t size, io::Buffer& out) {
  out.commit(write_frame_head(out.reserve(kMaxFrameHead), {.opcode = opcode, .length = size}));
}

void MessageWriter::append(const Message& message, io::Buffer& out) {
  std::string_view payload = message.data;
  bool compressed = false;
  if (deflating_.enabled && payload.size() >= deflating_.min_bytes) {
    payload = compress(payload);
    // What is in a context that is carried over has to be sent; else only what has become smaller.
    compressed = deflating_.context_takeover || payload.size() < message.data.size();
    if (!compressed) payload = message.data;
  }
  append_frame({.opcode = opcode_of(message.type), .rsv1 = compressed}, payload, out);
}

void MessageWriter::append_by_itself(const Message& message, io::Buffer& out) {
  if (!deflating_.context_takeover) return append(message, out);
  append_frame({.opcode = opcode_of(message.type)}, message.data, out);
}

void MessageWriter::append_control(Opcode opcode, std::string_view payload, io::Buffer& out) {
  append_frame({.opcode = opcode}, payload, out);
}

void MessageWriter::append_frame(FrameHead head, std::string_view payload, io::Buffer& out) {
  head.length = payload.size();
  // Unpredictable, so that no page can choose the bytes on the wire (RFC 6455 §10.3).
  if (sender_ == Role::kClient) head.key = MaskingKey(std::bit_cast<std::array<char, 4>>(random_word()));
  char* const at = out.reserve(kMaxFrameHead + payload.size());
  const std::size_t head_bytes = write_frame_head(at, head);
  std::ranges::copy(payload, at + head_bytes);
  if (head.key) apply_mask({at + head_bytes, payload.size()}, *head.key);
  out.commit(head_bytes + payload.size());
}

std::string_view MessageWriter::compress(std::string_view message) {
  std::string& out = pool_.deflated();
  out.clear();
  if (!deflating_.context_takeover) {
    pool_.deflater(deflating_.window_bits).deflate(message, out);
    return out;
  }
  if (!deflater_) deflater_ = std::make_unique<Deflater>(deflating_.window_bits);
  deflater_->deflate(message, out);
  return out;
}

}  // namespace flare::ws
