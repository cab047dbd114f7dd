// Durations, sizes and rates as people write them: the unit is mandatory ("60" for "60s" or "60ms" is a classic
// outage).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flare::server::config {

/// "250ms", "30s", "5m", "1h", "7d": digits and one unit. nullopt for anything else or beyond 2^63 ms.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept;
/// "512B", "64KiB", "10MiB", "1GiB": digits and one unit, in bytes. nullopt for anything else or beyond 2^63.
std::optional<std::int64_t> parse_size(std::string_view text) noexcept;
/// "50/s", "600/m", "5/h": digits and one unit, per hour. nullopt for anything else or beyond 2^63.
std::optional<std::int64_t> parse_rate(std::string_view text) noexcept;

/// "256B/s", "1MiB/s": a size for each second. nullopt for anything else.
std::optional<std::int64_t> parse_byte_rate(std::string_view text) noexcept;

/// "20%", at most 100: a part of one. nullopt for anything else.
std::optional<double> parse_percent(std::string_view text) noexcept;
std::string format_percent(double part);

/// The largest unit that divides the value, so that parsing it again yields the same.
std::string format_duration(std::chrono::milliseconds value);
std::string format_size(std::uint64_t bytes);
std::string format_byte_rate(std::uint64_t bytes);
std::string format_rate(std::int64_t per_hour);

}  // namespace flare::server::config
