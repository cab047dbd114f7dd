// Frames: in pieces they give the messages, the control frames and the reason that they give as a whole; what is
// announced beyond the limit is never held.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "flare/base/utf8.h"
#include "flare/ws/message_reader.h"
#include "fuzz/split_input.h"

namespace {

using namespace flare;
using Event = ws::MessageReader::Event;

void check(bool holds) {
  if (!holds) std::abort();
}

struct Taken {
  std::vector<std::string> events;
  Reason why = Reason::kNone;
  std::string held;
};

/// Takes what there is of held and `piece`.
void feed(ws::MessageReader& reader, const ws::MessageLimits& limits, std::string_view piece, Taken& taken) {
  taken.held += piece;
  // A copy of exactly that size: AddressSanitizer sees one byte too many.
  const std::unique_ptr<char[]> copy(new char[taken.held.size()]);
  std::ranges::copy(taken.held, copy.get());
  std::span<char> input(copy.get(), taken.held.size());
  while (taken.why == Reason::kNone) {
    const auto step = reader.step(input);
    check(reader.memory() <= 4 * limits.bytes + 64 * 1024);
    if (!step) {
      taken.why = step.error();
      check(taken.why != Reason::kNone);
      return;
    }
    check(step->consumed <= input.size());
    input = input.subspan(step->consumed);
    if (step->event == Event::kNone && (step->consumed == 0 || input.empty())) break;
    if (step->event == Event::kNone) continue;
    const ws::Message& message = step->message;
    const bool is_text = step->event == Event::kMessage && message.type == ws::MessageType::kText;
    check(!is_text || is_utf8(message.data, Simd::kPortable));
    check(message.data.size() <= (step->event == Event::kMessage ? limits.bytes : ws::kMaxControlPayload));
    taken.events.push_back(std::to_string(static_cast<int>(step->event)) + (is_text ? "t" : "b") +
                           std::string(message.data));
  }
  taken.held.assign(input.data(), input.size());
  check(taken.held.size() < ws::kMaxFrameHead + ws::kMaxControlPayload);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::SplitInput split(data, size);
  const ws::MessageLimits limits{.bytes = split.narrow ? 40U : 64U * 1024, .fragments = split.narrow ? 3U : 1000U};
  const ws::Role role = (size & 1) != 0 ? ws::Role::kServer : ws::Role::kClient;
  const ws::Inflating inflating{.enabled = (size & 2) != 0, .context_takeover = (size & 4) != 0};
  ws::CodecPool pool;

  Taken whole;
  ws::MessageReader whole_reader(role, limits, inflating, pool);
  feed(whole_reader, limits, split.input, whole);

  Taken pieces;
  ws::MessageReader reader(role, limits, inflating, pool);
  std::size_t begin = 0;
  for (const std::size_t end : split.ends) {
    if (pieces.why == Reason::kNone) feed(reader, limits, split.input.substr(begin, end - begin), pieces);
    begin = end;
  }
  check(pieces.events == whole.events);
  // What is compressed may be wrong in several ways, of which the pieces show another one first.
  check(inflating.enabled ? (pieces.why == Reason::kNone) == (whole.why == Reason::kNone) : pieces.why == whole.why);
  return 0;
}
