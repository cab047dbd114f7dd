// Media types of files by name (RFC 9110 §8.3, F-8). Content is never looked at.
#pragma once

#include <string_view>

namespace flare::http {

inline constexpr std::string_view kOctetStream = "application/octet-stream";

/// The Content-Type for the file that `path` names, by what follows the last dot of its last segment, without case;
/// with "; charset=utf-8" for text, JavaScript, JSON and SVG. kOctetStream where the name has no known extension.
/// Static storage; never allocates.
std::string_view mime_type(std::string_view path) noexcept;

}  // namespace flare::http
