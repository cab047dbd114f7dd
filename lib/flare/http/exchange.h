// A request's connection, as far as a handler may use it before it answers.
#pragma once

#include "flare/http/content.h"
#include "flare/http/header_map.h"
#include "flare/http/status.h"

namespace flare::http {

class Exchange : public ContentSource {
 public:
  /// An interim response (RFC 9110 §15.2), such as 103, in front of the one that the handler gives back. `status` is
  /// 1xx, but neither 100, which asking for content sends, nor 101. HTTP/1.0 clients get none. One at a time, and while
  /// next() waits only after invite(). Errors: the stream's own.
  virtual runtime::Task<Result<void>> send_interim(Status status, const HeaderMap& headers) = 0;
};

}  // namespace flare::http
