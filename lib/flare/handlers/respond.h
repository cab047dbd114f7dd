// Respond: the same response for every request.
#pragma once

#include <string>
#include <string_view>

#include "flare/base/exception.h"
#include "flare/http/request.h"
#include "flare/http/response.h"

namespace flare::handlers {

/// A response that cannot be: text with a status that has no body (RFC 9110 §15), or no final status.
class RespondError : public Exception {
  using Exception::Exception;
};

/// Answers `status` with `text` at once, whatever the method; made once, and lent to each response: it outlives them.
class Respond {
 public:
  static constexpr bool kIgnoresContent = true;

  /// "" as `content_type`: no such field. Throws RespondError; HeaderInjectionError for a content type that is no field
  /// value.
  Respond(http::Status status, std::string_view content_type, std::string text);

  http::Response operator()(const http::Request& request) const;

 private:
  http::Status status_;
  http::HeaderMap headers_;
  std::string text_;
};

}  // namespace flare::handlers
