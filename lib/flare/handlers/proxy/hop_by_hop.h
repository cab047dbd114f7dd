// Which fields of a message are for one connection only and are not passed on (RFC 9110 §7.6.1; behaviour.md P-1).
#pragma once

#include <string_view>

#include "flare/http/field.h"

namespace flare::handlers::proxy {

/// Of one message; lives no longer than its fields.
class HopByHop {
 public:
  explicit HopByHop(http::Fields fields) noexcept;

  /// `name` is a hop's own, by its nature or because the Connection field names it. Framing (Content-Length,
  /// Transfer-Encoding, Trailer) counts as such too: it is made anew.
  [[nodiscard]] bool owns(std::string_view name) const noexcept;

 private:
  [[nodiscard]] bool names(std::string_view name) const noexcept;

  http::Fields fields_;
  bool names_fields_ = false;  ///< Connection holds more than close and keep-alive
};

/// Calls visit(member) for each member of a comma-separated list (RFC 9110 §5.6.1), trimmed, empty ones left out.
template <class Visit>
void for_each_member(std::string_view list, Visit&& visit) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view member = ascii::trim(list.substr(0, comma));
    if (!member.empty()) visit(member);
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace flare::handlers::proxy
