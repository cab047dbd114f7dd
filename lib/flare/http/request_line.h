// The request line (RFC 9112 §3), a stage of the head parser. Internal to request_head.cc.
#pragma once

#include <cstring>

#include "flare/http/byte_scan.h"
#include "flare/http/head_stage.h"
#include "flare/http/request_head.h"

namespace flare::http::detail {

inline constexpr std::size_t kMaxMethodBytes = 32;  // H-4

/// Splits head.target, whose bytes are checked, into its parts and sets form, where it is not origin-form (H-9, H-10).
Reason split_other_target(RequestHead& head) noexcept;

/// `question` is the target's first '?' or its end.
inline Reason split_target(const char* question, RequestHead& head) noexcept {
  const std::string_view target = head.target;
  if (head.method == Method::kConnect) [[unlikely]]
    return Reason::kConnectRefused;  // H-5
  if (head.method == Method::kTrace) [[unlikely]]
    return Reason::kTraceRefused;  // H-5
  if (target.front() != '/') [[unlikely]]
    return split_other_target(head);
  head.path = {target.data(), question};
  head.has_query = head.path.size() != target.size();
  if (head.has_query) head.query = target.substr(head.path.size() + 1);
  return Reason::kNone;
}

/// The version at p and the line ending after it, where they are not the bytes that nearly everybody sends (H-3).
Stage parse_version(const char* p, const char* end, RequestHead& head) noexcept;

template <class Scan>
Stage parse_method(const char* p, const char* end, RequestHead& head) noexcept {
  if (end - p >= 4 && std::memcmp(p, "GET ", 4) == 0) [[likely]] {
    head.method_token = {p, 3};
    return Stage::at(p + 4);
  }
  const char* stop = Scan::template skip<ByteSet::kToken>(p, end);
  head.method_token = {p, stop};
  if (head.method_token.size() > kMaxMethodBytes) return Stage::refused(Reason::kMethodTooLong);
  if (stop == end) return Stage::incomplete();
  if (stop == p) return refuse_byte(p, end, *p == ' ' || *p == '\r' ? Reason::kBadRequestLine : Reason::kBadMethod);
  if (*stop == '\r') return refuse_byte(stop, end, Reason::kBadRequestLine);
  if (*stop != ' ') return refuse_byte(stop, end, Reason::kBadMethod);
  head.method = http::parse_method(head.method_token);
  return Stage::at(stop + 1);
}

/// A target from p on that does not end at `stop` as it should.
Stage refuse_target(const char* p, const char* stop, const char* end) noexcept;

template <class Scan>
Stage parse_target(const char* p, const char* end, const Limits& limits, RequestHead& head) noexcept {
  const char* const question = Scan::template skip<ByteSet::kTargetPath>(p, end);
  const char* stop = question;
  if (stop != end && *stop == '?') stop = Scan::template skip<ByteSet::kTarget>(stop, end);
  head.target = {p, stop};
  // Before the byte after it is judged: an incomplete line must give the same answer.
  if (head.target.size() > limits.uri_bytes) return Stage::refused(Reason::kUriBytes);  // H-7
  if (stop == end || *stop != ' ' || stop == p) [[unlikely]]
    return refuse_target(p, stop, end);
  const Reason reason = split_target(question, head);
  return reason == Reason::kNone ? Stage::at(stop + 1) : Stage::refused(reason);
}

template <class Scan>
Stage parse_request_line(const char* p, const char* end, const Limits& limits, RequestHead& head) noexcept {
  Stage stage = parse_method<Scan>(p, end, head);
  if (stage.next == nullptr) [[unlikely]]
    return stage;
  stage = parse_target<Scan>(stage.next, end, limits, head);
  if (stage.next == nullptr) [[unlikely]]
    return stage;
  if (end - stage.next >= 10 && std::memcmp(stage.next, "HTTP/1.1\r\n", 10) == 0) [[likely]] {
    return Stage::at(stage.next + 10);
  }
  return parse_version(stage.next, end, head);
}

}  // namespace flare::http::detail
