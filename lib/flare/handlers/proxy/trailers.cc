#include "flare/handlers/proxy/trailers.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace flare::handlers::proxy {
namespace {

/// RFC 9110 §6.5.1.
constexpr std::array<std::string_view, 23> kForbidden{"age",
                                                      "authorization",
                                                      "cache-control",
                                                      "connection",
                                                      "content-encoding",
                                                      "content-length",
                                                      "content-range",
                                                      "content-type",
                                                      "cookie",
                                                      "date",
                                                      "expect",
                                                      "host",
                                                      "keep-alive",
                                                      "max-forwards",
                                                      "proxy-authenticate",
                                                      "proxy-authorization",
                                                      "range",
                                                      "set-cookie",
                                                      "te",
                                                      "trailer",
                                                      "transfer-encoding",
                                                      "upgrade",
                                                      "www-authenticate"};

bool may_trail(const http::Field& field) noexcept {
  return std::ranges::none_of(kForbidden, [&](std::string_view name) { return ascii::iequals(field.name, name); });
}

}  // namespace

Trailers::Trailers(std::span<const http::Field> received, const std::function<bool(std::string_view)>& may_pass) {
  std::size_t size = 0;
  for (const http::Field& field : received) size += field.name.size() + field.value.size();
  text_.reserve(size);
  const auto keep = [this](std::string_view part) {
    const std::size_t at = text_.size();
    text_.insert(text_.end(), part.begin(), part.end());
    return std::string_view(text_.data() + at, part.size());
  };
  for (const http::Field& field : received) {
    if (!may_trail(field) || (may_pass && !may_pass(field.name))) continue;
    const std::string_view name = keep(field.name);
    fields_.push_back({name, keep(field.value)});
  }
}

}  // namespace flare::handlers::proxy
