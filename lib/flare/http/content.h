// The content of a request on its way in (RFC 9112 §6): pulled, so that the reader's pace is the socket's pace.
#pragma once

#include <string_view>

#include "flare/base/error.h"
#include "flare/runtime/task.h"

namespace flare::http {

/// Implemented by whoever receives: a connection, or a test.
class ContentSource {
 public:
  virtual ~ContentSource() = default;
  /// The next piece, decoded from its transfer coding; it lives until the next call. Empty: the content is complete.
  /// Errors: kProtocol with a reason (bad chunk, over limits.body), kTimeout (body_idle), or the stream's own.
  virtual runtime::Task<Result<std::string_view>> next() = 0;
};

}  // namespace flare::http
