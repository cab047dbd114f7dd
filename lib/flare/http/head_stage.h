// What the stages of the head parser tell each other. Internal to request_head.cc and its parts.
#pragma once

#include "flare/base/reason.h"

namespace flare::http::detail {

/// Where the next stage starts; without a next, why there is none: a reason, or kNone when the input ended too early.
struct Stage {
  const char* next = nullptr;
  Reason reason = Reason::kNone;

  static Stage at(const char* next) noexcept { return {.next = next}; }
  static Stage refused(Reason reason) noexcept { return {.reason = reason}; }
  static Stage incomplete() noexcept { return {}; }
};

/// A line stopped at *p, p < end, a byte that does not belong there: `otherwise`, unless it is half a line ending
/// (H-2).
inline Stage refuse_byte(const char* p, const char* end, Reason otherwise) noexcept {
  if (*p == '\n') return Stage::refused(Reason::kBadLineEnding);
  if (*p != '\r') return Stage::refused(otherwise);
  if (end - p < 2) return Stage::incomplete();
  return Stage::refused(p[1] == '\n' ? otherwise : Reason::kBadLineEnding);
}

/// Expects CRLF at p, p <= end; `otherwise` where another byte stands there.
inline Stage expect_line_end(const char* p, const char* end, Reason otherwise) noexcept {
  if (end - p >= 2 && p[0] == '\r' && p[1] == '\n') [[likely]]
    return Stage::at(p + 2);
  if (p == end) return Stage::incomplete();
  return refuse_byte(p, end, otherwise);
}

}  // namespace flare::http::detail
