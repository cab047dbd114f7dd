// HTTP dates (RFC 9110 §5.6.7). Pure integer arithmetic: no clock, no locale, no time zone data.
#pragma once

#include <cstddef>
#include <ctime>
#include <optional>
#include <string_view>

namespace flare::http {

/// Length of "Sun, 06 Nov 1994 08:49:37 GMT".
inline constexpr std::size_t kHttpDateSize = 29;

/// Writes exactly kHttpDateSize bytes of IMF-fixdate, no NUL; the end of what was written. `when` is in seconds since
/// the epoch; outside the years 0000 to 9999 it is taken for the nearest second inside.
char* format_http_date(std::time_t when, char* out) noexcept;

/// IMF-fixdate, RFC 850 or asctime form, exact to the byte; nullopt for anything else, impossible days included. The
/// day's name must be one, not the right one. A two-digit year lies in 1970 to 2069, which is what RFC 9110's rule (at
/// most 50 years ahead) asks for in every year up to 2069.
std::optional<std::time_t> parse_http_date(std::string_view text) noexcept;

}  // namespace flare::http
