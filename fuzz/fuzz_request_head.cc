// The request head parser: split anywhere, it answers as it does unsplit, whichever way it scans, and every view lies
// in its input.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "flare/http/request.h"
#include "flare/http/request_head_parser.h"
#include "fuzz/split_input.h"

namespace {

using namespace flare;
using Outcome = std::expected<std::size_t, Reason>;

void check(bool holds) {
  if (!holds) std::abort();
}

/// Reads every byte, for the sanitizers. Only a canonical path may lie elsewhere.
unsigned touch(std::string_view view, std::string_view input, bool anywhere = false) {
  check(anywhere || view.empty() ||
        (view.data() >= input.data() && view.data() + view.size() <= input.data() + input.size()));
  unsigned sum = 0;
  for (const char c : view) sum += static_cast<unsigned char>(c);
  return sum;
}

unsigned touch_all(const http::RequestHead& head, std::string_view input) {
  unsigned sum = touch(head.method_token, input) + touch(head.target, input) + touch(head.authority, input) +
                 touch(head.path, input) + touch(head.query, input);
  for (const http::Field& field : head.fields) sum += touch(field.name, input) + touch(field.value, input);
  return sum;
}

void check_meaning(const http::RequestHead& head, const http::Limits& limits, std::size_t size) {
  check(size <= limits.header_bytes && head.fields.size() <= limits.header_count);
  check(head.target.size() <= limits.uri_bytes && !head.target.empty() && !head.path.empty());
  check(head.method != http::Method::kConnect && head.method != http::Method::kTrace);
  check(head.authority.empty() ? head.minor_version == 0 : http::is_valid_authority(head.authority));
  check(head.framing == http::Framing::kLength || head.content_length == 0);
  for (const http::Field& field : head.fields) {
    check(ascii::is_token(field.name) &&
          field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::SplitInput split(data, size);
  const http::Limits limits{.header_bytes = split.narrow ? 96U : 16U * 1024,
                            .header_count = split.narrow ? 3U : 100U,
                            .uri_bytes = split.narrow ? 24U : 8U * 1024};

  http::RequestHead head;
  const Outcome whole = http::parse_request_head(split.input, limits, head);
  const unsigned sum = touch_all(head, split.input);
  if (whole && *whole != 0) check_meaning(head, limits, *whole);

  http::RequestHead other;
  check(http::detail::parse_head<http::detail::ScalarScan>(split.input, limits, other) == whole);
  check(touch_all(other, split.input) == sum && other.fields.size() == head.fields.size() &&
        other.keep_alive == head.keep_alive);

  for (const std::size_t end : split.ends) {
    // A copy of exactly that size: AddressSanitizer sees one byte too many.
    const std::unique_ptr<char[]> piece(new char[end]);
    std::copy_n(split.input.data(), end, piece.get());
    const Outcome outcome = http::parse_request_head({piece.get(), end}, limits, other);
    touch_all(other, {piece.get(), end});
    check(outcome == whole || (outcome == Outcome(0) && (!whole || *whole == 0 || end < *whole)));
    if (outcome != Outcome(0)) break;
  }

  http::Request request;
  const Outcome parsed = request.parse(split.input, limits);
  check(whole ? !parsed || *parsed == *whole : parsed == whole);
  if (parsed && *parsed != 0) touch(request.path(), split.input, true);
  return 0;
}
