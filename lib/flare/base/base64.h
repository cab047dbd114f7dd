// Base64 with padding (RFC 4648 §4). Strict: one text for each value.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace flare {

std::string base64_encode(std::string_view bytes);
/// nullopt: a byte outside the alphabet, padding that is missing or too much, bits set that stand for nothing.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace flare
