// A whole session over memory: whatever the splits, the blocked calls and the short writes, what comes out is what the
// frames of the whole input ask for, byte for byte, and nothing more; a reset leaves a prefix of it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "fuzz/split_input.h"
#include "tests/support/ws_frames.h"
#include "tests/support/ws_harness.h"

namespace {

using namespace flare;
using Event = ws::MessageReader::Event;

void check(bool holds) {
  if (!holds) std::abort();
}

/// Echoes, waiting for something else now and then.
runtime::Task<void> echo(ws::Session& session) {
  for (std::size_t count = 0;; ++count) {
    auto message = co_await session.receive();
    if (!message) co_return;
    if (count % 3 == 2) {
      const ws::MessageType type = message->type;
      const std::string copy(message->data);
      co_await runtime::Worker::current().yield();
      static_cast<void>(co_await session.send({type, copy}));
    } else {
      static_cast<void>(co_await session.send(*message));
    }
  }
}

std::string expected(std::string input, const ws::SessionOptions& options) {
  ws::CodecPool pool;
  ws::MessageReader reader(ws::Role::kServer, options.limits, {}, pool);
  std::string out;
  std::span<char> rest(input);
  for (;;) {
    const auto step = reader.step(rest);
    if (!step)
      return out + test::server_frame(ws::Opcode::kClose,
                                      test::close_body(static_cast<int>(ws::close_code_for(step.error()))));
    rest = rest.subspan(step->consumed);
    const std::string_view payload = step->message.data;
    switch (step->event) {
      case Event::kNone:
        if (step->consumed == 0 || rest.empty()) return out;
        break;
      case Event::kMessage:
        out += test::server_frame(
            step->message.type == ws::MessageType::kText ? ws::Opcode::kText : ws::Opcode::kBinary, payload);
        break;
      case Event::kPing: out += test::server_frame(ws::Opcode::kPong, payload); break;
      case Event::kPong: break;
      case Event::kClose: {
        const auto close = ws::parse_close_body(payload);
        if (close) return out + test::server_frame(ws::Opcode::kClose, payload.substr(0, 2));
        return out + test::server_frame(ws::Opcode::kClose,
                                        test::close_body(static_cast<int>(ws::close_code_for(close.error()))));
      }
    }
  }
}

/// Of who takes less than it is sent only the latest ping need be answered (RFC 6455 §5.5.3).
std::string without_pongs(std::string_view frames) {
  std::string rest;
  while (!frames.empty()) {
    ws::FrameHead head;
    const auto size = ws::parse_frame_head(frames, ws::Role::kClient, false, head);
    if (!size || *size == 0 || frames.size() - *size < head.length) return rest;  // the last one, not whole
    const std::string_view frame = frames.substr(0, *size + static_cast<std::size_t>(head.length));
    if (head.opcode != ws::Opcode::kPong) rest += frame;
    frames.remove_prefix(frame.size());
  }
  return rest;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::SplitInput split(data, size);
  ws::SessionOptions options;
  if (split.narrow) options.limits = {.bytes = 40, .fragments = 3};
  const std::string expected_output = expected(std::string(split.input), options);

  test::Wire wire;
  std::string first;
  std::size_t begin = 0;
  for (const std::size_t end : split.ends) {
    if (begin == 0 && (size & 1) != 0) {
      first = split.input.substr(0, end);  // came with the handshake
    } else if (end != begin) {
      wire.arriving.emplace_back(split.input.substr(begin, end - begin));
    }
    begin = end;
  }
  wire.block_every_other = (size & 2) != 0;
  if ((size & 4) != 0) wire.write_sizes = {1, 0, 7, 0, 2, 130};
  if ((size & 8) != 0) wire.reset_after_sent = size % 64;
  const bool breaks = wire.reset_after_sent != SIZE_MAX;
  test::serve_ws(wire, echo, options, {}, first);
  if (wire.block_every_other || (size & 4) != 0) {
    const std::string sent = without_pongs(wire.sent);
    const std::string wanted = without_pongs(expected_output);
    check(breaks ? wanted.starts_with(sent) : sent == wanted);
  } else {
    check(breaks ? expected_output.starts_with(wire.sent) : wire.sent == expected_output);
  }
  return 0;
}
