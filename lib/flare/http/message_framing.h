// What Content-Length and Transfer-Encoding may say, in either direction (RFC 9112 §6). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "flare/base/ascii.h"
#include "flare/base/reason.h"

namespace flare::http {

/// How the content of a response ends (RFC 9112 §6.3).
enum class BodyFraming : std::uint8_t { kNone, kLength, kChunked, kUntilClose };

/// 1*DIGIT up to 2^63 - 1; nullopt for anything else, lists included.
std::optional<std::uint64_t> parse_content_length(std::string_view value) noexcept;

/// kNone where the codings are "chunked" alone, the one that we know.
Reason check_transfer_codings(std::string_view value) noexcept;

/// Calls visit(element) for each element of a comma list (RFC 9110 §5.6.1), empty ones too.
template <class Visit>
void for_each_element(std::string_view list, Visit&& visit) {
  for (;;) {
    const std::size_t comma = list.find(',');
    visit(ascii::trim(list.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace flare::http
