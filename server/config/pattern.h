// A route's path, cut into segments, as far as the checks of the configuration need it (M3). Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/config/config.h"

namespace flare::server::config {

/// In the order of M5: what comes first is more specific.
enum class SegmentKind : std::uint8_t { kLiteral, kTyped, kParam, kStar, kGlobstar };

struct Segment {
  SegmentKind kind = SegmentKind::kLiteral;
  std::string text;                  ///< the canonical literal, or the parameter's name
  ParamKind type = ParamKind::kInt;  ///< of kTyped
};

struct Pattern {
  std::vector<Segment> segments;

  [[nodiscard]] bool has_param(std::string_view name) const noexcept;
  [[nodiscard]] bool has_tail() const noexcept {
    return !segments.empty() && segments.back().kind == SegmentKind::kGlobstar;
  }
};

struct PatternError {
  std::size_t offset = 0;  ///< of the offending segment, in bytes
  std::string message;
  std::string help;
};

/// `params` gives types to ":name" segments.
std::expected<Pattern, PatternError> parse_pattern(std::string_view text, const std::vector<Param>& params = {});

}  // namespace flare::server::config
