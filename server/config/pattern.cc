#include "server/config/pattern.h"

#include <fmt/format.h>

#include <algorithm>

#include "flare/base/ascii.h"

namespace flare::server::config {
namespace {

constexpr bool is_unreserved(char c) noexcept {
  return ascii::is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

// H-23: unreserved characters decoded, other triplets with upper-case digits; nullopt for a bad triplet or a control.
std::optional<std::string> canonical_literal(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (ascii::is_control(text[i]) || text[i] == ' ') return std::nullopt;
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? ascii::hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? ascii::hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    const char decoded = static_cast<char>(high * 16 + low);
    if (ascii::is_control(decoded)) return std::nullopt;
    if (is_unreserved(decoded)) {
      out += decoded;
    } else {
      out.append({'%', kHex[static_cast<std::size_t>(high)], kHex[static_cast<std::size_t>(low)]});
    }
    i += 2;
  }
  return out;
}

std::expected<Segment, PatternError> parse_segment(std::string_view text, bool last, const Pattern& before,
                                                   const std::vector<Param>& params) {
  const auto fail = [](std::string message, std::string help = {}) {
    return std::unexpected(PatternError{.message = std::move(message), .help = std::move(help)});
  };
  if (text == "**") {
    if (!last) return fail("\"**\" must be last", "use \"*\" for one segment in the middle");
    return Segment{.kind = SegmentKind::kGlobstar};
  }
  if (text == "*") return Segment{.kind = SegmentKind::kStar};
  if (text.starts_with(':')) {
    const std::string_view name = text.substr(1);
    const auto is_name = [](char c) { return ascii::is_alnum(c) || c == '_' || c == '-'; };
    if (name.empty() || !std::ranges::all_of(name, is_name)) {
      return fail(fmt::format("\"{}\" is no parameter", text), "a name of letters, digits, _ and - follows the \":\"");
    }
    if (before.has_param(name)) return fail(fmt::format("\":{}\" repeated", name), "give each parameter its own name");
    const auto typed = std::ranges::find(params, name, &Param::name);
    if (typed == params.end()) return Segment{.kind = SegmentKind::kParam, .text = std::string(name)};
    return Segment{.kind = SegmentKind::kTyped, .text = std::string(name), .type = typed->kind};
  }
  if (text.contains('*'))
    return fail("\"*\" must be a whole segment", "there are no patterns within a segment; a literal * is written %2A");
  if (text.find_first_of("?#") != std::string_view::npos) {
    return fail("\"?\" and \"#\" are not part of a path", "match the query with query = { name = \"value\" }");
  }
  if (text.empty() && !last) return fail("empty segment", "\"//\" in a request counts as \"/\"");
  auto literal = canonical_literal(text);
  if (!literal)
    return fail(fmt::format("\"{}\" cannot occur in a path", text), "write other characters as %XX, in UTF-8");
  if (*literal == "." || *literal == "..")
    return fail("\".\" and \"..\" segments are refused with 400", "write the path without them");
  return Segment{.text = std::move(*literal)};
}

}  // namespace

bool Pattern::has_param(std::string_view name) const noexcept {
  return std::ranges::any_of(segments, [name](const Segment& segment) {
    return (segment.kind == SegmentKind::kParam || segment.kind == SegmentKind::kTyped) && segment.text == name;
  });
}

std::expected<Pattern, PatternError> parse_pattern(std::string_view text, const std::vector<Param>& params) {
  if (!text.starts_with('/'))
    return std::unexpected(
        PatternError{.message = "pattern must start with \"/\"", .help = fmt::format("write \"/{}\"", text)});
  Pattern pattern;
  for (std::size_t start = 1;;) {
    const std::size_t end = text.find('/', start);
    const bool last = end == std::string_view::npos;
    auto segment = parse_segment(text.substr(start, last ? end : end - start), last, pattern, params);
    if (!segment) {
      segment.error().offset = start;
      return std::unexpected(std::move(segment.error()));
    }
    pattern.segments.push_back(std::move(*segment));
    if (last) return pattern;
    start = end + 1;
  }
}

}  // namespace flare::server::config
