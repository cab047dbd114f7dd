// One field line of a head or a trailer section (RFC 9112 §5), a stage of the head parsers. Internal to this folder.
#pragma once

#include "flare/http/byte_scan.h"
#include "flare/http/field.h"
#include "flare/http/head_stage.h"

namespace flare::http::detail {

/// A field line that does not start with a token and a colon (H-6). p < end.
inline Stage refuse_name(const char* p, const char* stop, const char* end) noexcept {
  if (*p == ' ' || *p == '\t') return Stage::refused(Reason::kObsFold);  // RFC 9112 §5.2
  return stop == end ? Stage::incomplete() : refuse_byte(stop, end, Reason::kBadHeaderName);
}

inline std::string_view trim_value(const char* begin, const char* end) noexcept {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (begin != end && is_blank(*begin)) ++begin;
  while (begin != end && is_blank(end[-1])) --end;
  return {begin, end};
}

/// p < end.
template <class Scan>
[[gnu::always_inline]] inline Stage parse_field_line(const char* p, const char* end, Field& field) noexcept {
  // From p on, not from the colon: the one search need not wait for the other, and what stops it before the colon stops
  // the name too.
  const char* const stop = Scan::template skip<ByteSet::kFieldValue>(p, end);
  const char* const colon = Scan::template skip<ByteSet::kToken>(p, end);
  if (colon == p || colon == end || *colon != ':') [[unlikely]]
    return refuse_name(p, colon, end);
  field = {.name = {p, colon}, .value = trim_value(colon + 1, stop)};
  return expect_line_end(stop, end, Reason::kBadHeaderValue);
}

}  // namespace flare::http::detail
