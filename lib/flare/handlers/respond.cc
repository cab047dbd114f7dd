#include "flare/handlers/respond.h"

#include <utility>

namespace flare::handlers {

Respond::Respond(http::Status status, std::string_view content_type, std::string text)
    : status_(status), text_(std::move(text)) {
  const std::string name = "respond: status " + std::to_string(code(status));
  if (code(status) < 200 || code(status) > 599) throw RespondError(name + " is not in 200 to 599");
  if (has_no_body(status) && !text_.empty()) throw RespondError(name + " has no body: leave the text empty");
  if (!content_type.empty()) headers_.append("Content-Type", content_type);
}

http::Response Respond::operator()(const http::Request&) const {
  return {.status = status_, .headers = headers_, .body = http::Body::borrowed(text_)};
}

}  // namespace flare::handlers
