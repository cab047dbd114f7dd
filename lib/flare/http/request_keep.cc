#include "flare/http/request.h"

namespace flare::http {

void Request::keep_head(std::string_view head) {
  kept_.assign(head);
  const auto move = [from = head.data(), to = kept_.data()](std::string_view& view) {
    if (!view.empty()) view = {to + (view.data() - from), view.size()};
  };
  const bool path_is_received = path_.data() != canonical_.data();
  move(head_.method_token);
  move(head_.target);
  move(head_.authority);
  move(head_.path);
  move(head_.query);
  for (Field& field : std::span(head_.fields).first(head_.fields.size() - added_count_)) {
    move(field.name);
    move(field.value);
  }
  if (path_is_received) move(path_);
}

void Request::retire() noexcept {
  constexpr std::size_t kUsualHead = 4096;
  std::string().swap(body_);
  if (kept_.capacity() > kUsualHead) std::string().swap(kept_);
}

}  // namespace flare::http
