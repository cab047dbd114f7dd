// Host names as rule M2 compares them: A-label form (RFC 5890, RFC 3492), lower case, no trailing dot.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace flare::server::config {

/// "_" and "*.suffix" stay patterns; letters beyond ASCII become "xn--" labels. The error says what is wrong.
std::expected<std::string, std::string> normalize_host_name(std::string_view name);

}  // namespace flare::server::config
