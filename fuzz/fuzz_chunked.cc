// The chunked decoder: in pieces it gives the content, the end and the reason that it gives for the whole body.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "flare/http/chunked.h"
#include "fuzz/split_input.h"

namespace {

using namespace flare;

void check(bool holds) {
  if (!holds) std::abort();
}

struct Decoded {
  std::string content;
  std::size_t consumed = 0;
  bool done = false;
  Reason reason = Reason::kNone;
};

void feed(http::ChunkedDecoder& decoder, std::string_view piece, Decoded& out) {
  while (!piece.empty() && !out.done && out.reason == Reason::kNone) {
    const auto step = decoder.decode(piece);
    if (!step) {
      check(step.error() != Reason::kNone);
      out.reason = step.error();
      return;
    }
    check(step->consumed > 0 && step->consumed <= piece.size());
    check(step->content.empty() || (step->content.data() >= piece.data() &&
                                    step->content.data() + step->content.size() == piece.data() + step->consumed));
    out.content += step->content;
    out.consumed += step->consumed;
    out.done = step->done;
    piece.remove_prefix(step->consumed);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::SplitInput split(data, size);
  const http::Limits limits{.header_bytes = split.narrow ? 24U : 16U * 1024, .header_count = split.narrow ? 2U : 100U};

  http::ChunkedDecoder decoder(limits);
  Decoded whole;
  feed(decoder, split.input, whole);
  check(whole.done || whole.reason != Reason::kNone || whole.consumed == split.input.size());

  http::ChunkedDecoder piece_decoder(limits);
  Decoded pieces;
  std::size_t begin = 0;
  for (const std::size_t end : split.ends) {
    // A copy of exactly that size: AddressSanitizer sees one byte too many.
    const std::unique_ptr<char[]> piece(new char[end - begin]);
    std::copy_n(split.input.data() + begin, end - begin, piece.get());
    feed(piece_decoder, {piece.get(), end - begin}, pieces);
    begin = end;
  }
  check(pieces.content == whole.content && pieces.done == whole.done && pieces.reason == whole.reason);
  check(whole.reason != Reason::kNone || pieces.consumed == whole.consumed);
  return 0;
}
