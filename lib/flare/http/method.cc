#include "flare/http/method.h"

#include <array>
#include <cstddef>

namespace flare::http {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(Method::kOther) + 1> kTokens = {
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", ""};

}  // namespace

Method parse_method(std::string_view token) noexcept {
  for (std::size_t i = 0; i < static_cast<std::size_t>(Method::kOther); ++i) {
    if (token == kTokens[i]) return static_cast<Method>(i);
  }
  return Method::kOther;
}

std::string_view to_string(Method method) noexcept { return kTokens[static_cast<std::size_t>(method)]; }

}  // namespace flare::http
