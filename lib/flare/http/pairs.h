// Values by name, in a query and in a Cookie field. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace flare::http {

/// The first value of `name` in a query ("a=1&b"): as received, "" for a name without '='.
std::optional<std::string_view> query_value(std::string_view query, std::string_view name) noexcept;
/// The first value of a cookie in a Cookie field (RFC 6265 §4.2.1).
std::optional<std::string_view> cookie_value(std::string_view cookies, std::string_view name) noexcept;

}  // namespace flare::http
