#include <utility>

#include "flare/http/handler.h"

namespace flare::http::detail {

runtime::Task<std::optional<Response>> receive_content(Request& request) {
  if (!request.has_content() || request.content_source() == nullptr) co_return std::nullopt;
  std::string content;
  for (;;) {
    const auto piece = co_await request.content_source()->next();
    if (!piece) {
      const Reason why = piece.error().reason;
      Response refusal = error_response(status_for(why), why);
      refusal.close = true;  // where the rest of the content ends is unknown now
      co_return refusal;
    }
    if (piece->empty()) break;
    content.append(*piece);
  }
  request.set_body(std::move(content));
  co_return std::nullopt;
}

}  // namespace flare::http::detail
