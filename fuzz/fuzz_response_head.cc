// The response head parser and the content behind it: split anywhere, the answer is that of the whole, every view lies
// in its input, and what was taken for trailers can be parsed.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "flare/http/content_reader.h"
#include "flare/http/response_head_parser.h"
#include "fuzz/split_input.h"

namespace {

using namespace flare;
using Outcome = std::expected<std::size_t, Reason>;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_view(std::string_view view, std::string_view input) {
  check(view.empty() || (view.data() >= input.data() && view.data() + view.size() <= input.data() + input.size()));
  check(view.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
}

void check_meaning(const http::ResponseHead& head, const http::ResponseHeadLimits& limits, std::string_view input) {
  check(head.fields.size() <= limits.header_count);
  check(http::code(head.status) >= 100 && http::code(head.status) <= 599);
  check(head.framing != http::BodyFraming::kLength || head.content_length.has_value());
  check(head.framing != http::BodyFraming::kChunked || (!head.content_length && head.minor_version == 1));
  check(head.framing != http::BodyFraming::kUntilClose || !head.keep_alive);
  check(head.framing == http::BodyFraming::kNone || !http::has_no_body(head.status));
  check_view(head.reason_phrase, input);
  for (const http::Field& field : head.fields) {
    check(ascii::is_token(field.name));
    check_view(field.name, input);
    check_view(field.value, input);
  }
}

struct Content {
  std::string bytes;
  std::string trailers;
  Reason reason = Reason::kNone;
  bool done = false;
  friend bool operator==(const Content&, const Content&) = default;
};

/// The content of `input` in pieces of at most `most` bytes.
Content read(http::ContentReader reader, std::string_view input, std::size_t most) {
  Content content;
  std::size_t end = std::min(most, input.size());
  for (std::size_t at = 0; !reader.done();) {
    const auto step = reader.step(input.substr(at, end - at));
    if (!step) {
      content.reason = step.error();
      content.trailers.clear();  // how much of it was seen depends on the pieces
      return content;
    }
    content.bytes += step->piece;
    content.trailers += step->trailers;
    at += step->consumed;
    if (step->consumed != 0 || reader.done()) continue;
    if (end == input.size()) break;
    end = std::min(end + most, input.size());
  }
  content.done = reader.done();
  return content;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::SplitInput split(data, size);
  const http::Method method = size != 0 && (data[0] & 2) != 0 ? http::Method::kHead : http::Method::kGet;
  const http::ResponseHeadLimits limits{.header_bytes = split.narrow ? 96U : 64U * 1024,
                                        .header_count = split.narrow ? 3U : 200U};
  http::ResponseHead head;
  const Outcome whole = http::parse_response_head(split.input, method, limits, head);
  if (whole && *whole != 0) check_meaning(head, limits, split.input);

  http::ResponseHead other;
  for (const std::size_t end : split.ends) {
    // A copy of exactly that size: AddressSanitizer sees one byte too many.
    const std::unique_ptr<char[]> piece(new char[end]);
    std::copy_n(split.input.data(), end, piece.get());
    const Outcome outcome = http::parse_response_head({piece.get(), end}, method, limits, other);
    check(outcome == whole || (outcome == Outcome(0) && (!whole || *whole == 0 || end < *whole)));
    if (outcome != Outcome(0)) break;
  }
  if (!whole || *whole == 0) return 0;

  const http::ContentReader reader(head, limits);
  const std::string_view rest = split.input.substr(*whole);
  const Content content = read(reader, rest, rest.size() + 1);
  check(content == read(reader, rest, 1) && content == read(reader, rest, 7));
  std::vector<http::Field> trailers;
  if (content.done && !content.trailers.empty()) check(http::parse_trailers(content.trailers, trailers).has_value());
  return 0;
}
