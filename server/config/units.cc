#include "server/config/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <span>

#include "flare/base/numbers.h"

namespace flare::server::config {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

// Largest first: formatting takes the first that divides.
constexpr std::array kDurations{Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1000},
                                Unit{"ms", 1}};
constexpr std::array kSizes{Unit{"GiB", 1 << 30}, Unit{"MiB", 1 << 20}, Unit{"KiB", 1 << 10}, Unit{"B", 1}};
constexpr std::array kRates{Unit{"/s", 3600}, Unit{"/m", 60}, Unit{"/h", 1}};

constexpr std::string_view kPerSecond = "/s";

std::optional<std::int64_t> parse(std::string_view text, std::span<const Unit> units) noexcept {
  std::int64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0 || text.starts_with('-')) return std::nullopt;
  const std::string_view name(rest, text.data() + text.size());
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (number > std::numeric_limits<std::int64_t>::max() / unit.factor) return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

std::string format(std::int64_t value, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) return std::to_string(value / unit.factor).append(unit.name);
  }
  return {};
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept {
  const auto value = parse(text, kDurations);
  if (!value) return std::nullopt;
  return std::chrono::milliseconds(*value);
}
std::optional<std::int64_t> parse_size(std::string_view text) noexcept { return parse(text, kSizes); }
std::optional<std::int64_t> parse_byte_rate(std::string_view text) noexcept {
  if (!text.ends_with(kPerSecond)) return std::nullopt;
  return parse_size(text.substr(0, text.size() - kPerSecond.size()));
}
std::optional<std::int64_t> parse_rate(std::string_view text) noexcept { return parse(text, kRates); }

std::string format_duration(std::chrono::milliseconds value) {
  return value.count() == 0 ? "0s" : format(value.count(), kDurations);
}
std::string format_size(std::uint64_t bytes) {
  return bytes == 0 ? "0B" : format(static_cast<std::int64_t>(bytes), kSizes);
}
std::string format_rate(std::int64_t per_hour) { return per_hour == 0 ? "0/s" : format(per_hour, kRates); }

std::string format_byte_rate(std::uint64_t bytes) { return format_size(bytes).append(kPerSecond); }

std::optional<double> parse_percent(std::string_view text) noexcept {
  if (!text.ends_with('%')) return std::nullopt;
  const auto number = flare::parse_decimal<unsigned>(text.substr(0, text.size() - 1));
  if (!number || *number > 100) return std::nullopt;
  return *number / 100.0;
}

std::string format_percent(double part) { return std::to_string(std::lround(part * 100)) + "%"; }

}  // namespace flare::server::config
