// TOML text to Node: the only door to toml++ (it is slow to compile, so it stays in one .cc).
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "server/config/node.h"

namespace flare::server::config {

struct SyntaxError {
  Location at;
  std::string message;
};

/// Locations in the result carry `file`. The text must be UTF-8 (TOML 1.0).
std::expected<Node, SyntaxError> parse_toml(std::string_view text, std::uint32_t file);

}  // namespace flare::server::config
