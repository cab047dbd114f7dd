// The content of a request on its way in (RFC 9112 §6): pulled, so that the reader's pace is the socket's pace.
#pragma once

#include <span>
#include <string_view>

#include "flare/base/error.h"
#include "flare/http/field.h"
#include "flare/runtime/task.h"

namespace flare::http {

/// Implemented by whoever receives: a connection, or a test.
class ContentSource {
 public:
  virtual ~ContentSource() = default;
  /// The next piece, decoded from its transfer coding; it lives until the next call. Empty: the content is complete.
  /// Errors: kProtocol with a reason (bad chunk, over limits.body), kTimeout (body_idle), or the stream's own.
  virtual runtime::Task<Result<std::string_view>> next() = 0;
  /// Tells a sender that waits for it to go on (RFC 9110 §10.1.1). next() does so itself, unless this has: it never
  /// writes then, and an answer may go out while it waits.
  virtual runtime::Task<Result<void>> invite() { co_return Result<void>(); }
  /// A next() that waits ends with kCancelled, before this returns.
  virtual void interrupt() noexcept {}
  /// Once next() has given the end: the fields of the trailer section (RFC 9112 §7.1.2), for as long as the source.
  [[nodiscard]] virtual std::span<const Field> trailers() const noexcept { return {}; }
};

}  // namespace flare::http
