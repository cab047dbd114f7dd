#include "flare/ws/broadcast.h"

#include <utility>

#include "flare/ws/frame.h"

namespace flare::ws {
namespace {

std::string frame_of(FrameHead head, std::string_view payload) {
  head.length = payload.size();
  std::string frame;
  frame.resize_and_overwrite(kMaxFrameHead + payload.size(), [&](char* at, std::size_t) {
    const std::size_t head_bytes = write_frame_head(at, head);
    return head_bytes + payload.copy(at + head_bytes, payload.size());
  });
  return frame;
}

}  // namespace

SharedMessage::SharedMessage(const Message& message)
    : type_(message.type),
      size_(message.data.size()),
      frame_(frame_of({.opcode = opcode_of(message.type)}, message.data)) {}

const Frame& Broadcast::frame_for(const MessageWriter& writer) {
  const Message message = message_->message();
  const auto bits = writer.shared_window_bits(message.data.size());
  if (!bits) return plain_;
  Frame& frame = compressed_[*bits];
  if (frame) return frame;
  std::string& payload = pool_.deflated();
  payload.clear();
  pool_.deflater(*bits).deflate(message.data, payload);
  const bool smaller = payload.size() < message.data.size();
  frame =
      smaller
          ? std::make_shared<const std::string>(frame_of({.opcode = opcode_of(message.type), .rsv1 = true}, payload))
          : plain_;
  return frame;
}

}  // namespace flare::ws
