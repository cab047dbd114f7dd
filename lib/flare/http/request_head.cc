#include "flare/http/request_head.h"

#include <algorithm>

#include "flare/http/field_line.h"
#include "flare/http/head_semantics.h"
#include "flare/http/request_head_parser.h"
#include "flare/http/request_line.h"

namespace flare::http {
namespace detail {
namespace {

void reset(RequestHead& head, const Limits& limits) noexcept {
  head.fields.clear();
  if (head.fields.capacity() == 0) head.fields.reserve(limits.header_count);
  static_cast<RequestHeadLine&>(head) = {};
}

/// H-1: one empty line before the request is skipped (RFC 9112 §2.2).
Stage skip_empty_line(const char* p, const char* end) noexcept {
  if (p == end) return Stage::incomplete();
  if (*p != '\r') [[likely]]
    return Stage::at(p);
  return expect_line_end(p, end, Reason::kBadLineEnding);
}

/// All field lines and the empty line after them.
template <class Scan>
Stage parse_fields(const char* p, const char* end, const Limits& limits, RequestHead& head) noexcept {
  HeadSemantics semantics(head);
  for (;;) {
    if (p == end) return Stage::incomplete();
    if (*p == '\r') break;
    if (head.fields.size() == limits.header_count) return Stage::refused(Reason::kHeaderCount);  // H-7
    Field field;
    const Stage line = parse_field_line<Scan>(p, end, field);
    if (line.next == nullptr) [[unlikely]]
      return line;
    head.fields.push_back(field);
    const Reason reason = semantics.see<Scan>(field);
    if (reason != Reason::kNone) [[unlikely]]
      return Stage::refused(reason);
    p = line.next;
  }
  const Stage done = expect_line_end(p, end, Reason::kBadLineEnding);
  if (done.next == nullptr) return done;
  const Reason reason = semantics.finish();
  return reason == Reason::kNone ? done : Stage::refused(reason);
}

}  // namespace

template <class Scan>
std::expected<std::size_t, Reason> parse_head(std::string_view input, const Limits& limits,
                                              RequestHead& head) noexcept {
  reset(head, limits);
  const char* const begin = input.data();
  // What lies beyond the limit is never looked at: running into that end is the limit hit (H-7).
  const char* const end = begin + std::min<std::size_t>(input.size(), limits.header_bytes);
  Stage stage = skip_empty_line(begin, end);
  if (stage.next != nullptr) stage = parse_request_line<Scan>(stage.next, end, limits, head);
  if (stage.next != nullptr) stage = parse_fields<Scan>(stage.next, end, limits, head);
  if (stage.next != nullptr) [[likely]]
    return static_cast<std::size_t>(stage.next - begin);
  if (stage.reason != Reason::kNone) return std::unexpected(stage.reason);
  if (input.size() > limits.header_bytes) return std::unexpected(Reason::kHeaderBytes);
  return 0;
}

template ParseHead parse_head<ScalarScan>;
template ParseHead parse_head<SseScan>;

}  // namespace detail

std::expected<std::size_t, Reason> parse_request_head(std::string_view input, const Limits& limits,
                                                      RequestHead& head) noexcept {
  if (std::min<std::size_t>(input.size(), limits.header_bytes) >= detail::SseScan::kMinInput) [[likely]] {
    return detail::parse_head<detail::SseScan>(input, limits, head);
  }
  return detail::parse_head<detail::ScalarScan>(input, limits, head);
}

}  // namespace flare::http
