#include "flare/http/route_pattern.h"

#include <algorithm>
#include <charconv>

#include "flare/base/ascii.h"
#include "flare/http/path.h"
#include "flare/http/request.h"

namespace flare::http {
namespace {

using Segment = RoutePattern::Segment;

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

bool is_int(std::string_view text) noexcept {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

bool is_hex(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return ascii::hex_value(c) >= 0; });
}

bool is_uuid(std::string_view text) noexcept {  // RFC 9562 §4
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return std::ranges::equal(text, kForm,
                            [](char c, char form) { return form == '-' ? c == '-' : ascii::hex_value(c) >= 0; });
}

bool is_slug(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return ascii::is_alnum(c) || c == '-' || c == '_'; });
}

bool is_param_name(std::string_view name) noexcept {
  return is_slug(name) && !ascii::is_digit(name.front()) && !name.contains('-');
}

/// Takes the first segment off `rest`, which starts with its slash.
std::string_view take_segment(std::string_view& rest) noexcept {
  const std::size_t end = std::min(rest.find('/', 1), rest.size());
  const std::string_view segment = rest.substr(1, end - 1);
  rest.remove_prefix(end);
  return segment;
}

std::expected<Segment, std::string> compile_segment(std::string_view text) {
  if (text == "**") return Segment{SegmentKind::kTail, {}};
  if (text == "*") return Segment{SegmentKind::kAny, {}};
  if (text.starts_with(':')) {
    const std::string_view name = text.substr(1);
    if (is_param_name(name)) return Segment{SegmentKind::kParam, std::string(name)};
    return std::unexpected("bad parameter name " + quoted(text) + ": letters, digits and _, not first a digit");
  }
  if (text.contains('*')) {
    return std::unexpected("\"*\" stands for a whole segment, not for a part of " + quoted(text));
  }
  return Segment{SegmentKind::kLiteral, std::string(text)};
}

std::string escape_fault(Reason reason) {
  if (reason == Reason::kDotSegment) return R"("." and ".." segments never reach a route)";
  return "bad escape: a \"%\" and two hex digits, and no control characters";
}

/// What is wrong with segments that are each well-formed.
std::optional<std::string> fault_of(std::span<const Segment> segments) {
  std::size_t params = 0;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const Segment& segment = segments[i];
    if (segment.kind == SegmentKind::kTail && i + 1 < segments.size()) return R"("**" must be last)";
    if (!is_param(segment.kind)) continue;
    if (std::ranges::count(segments.first(i), segment) > 0) return quoted(':' + segment.text) + " repeated";
    if (++params > Request::kMaxParams) {
      return "more than " + std::to_string(Request::kMaxParams) + " parameters";
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<SegmentKind> parse_param_type(std::string_view name) noexcept {
  if (name == "int") return SegmentKind::kInt;
  if (name == "uuid") return SegmentKind::kUuid;
  if (name == "hex") return SegmentKind::kHex;
  if (name == "slug") return SegmentKind::kSlug;
  return std::nullopt;
}

bool segment_fits(SegmentKind kind, std::string_view segment) noexcept {
  switch (kind) {
    case SegmentKind::kInt: return is_int(segment);
    case SegmentKind::kUuid: return is_uuid(segment);
    case SegmentKind::kHex: return is_hex(segment);
    case SegmentKind::kSlug: return is_slug(segment);
    case SegmentKind::kParam:
    case SegmentKind::kAny: return !segment.empty();
    case SegmentKind::kLiteral:
    case SegmentKind::kTail: return true;
  }
  return false;
}

std::expected<RoutePattern, std::string> RoutePattern::parse(std::string_view text) {
  if (!text.starts_with('/')) return std::unexpected(std::string(R"(pattern must start with "/")"));
  if (const std::size_t at = text.find_first_of("?#"); at != std::string_view::npos) {
    return std::unexpected("pattern is a path: " + quoted(text.substr(at, 1)) + " never reaches it");
  }
  std::string scratch;
  const auto canonical = canonical_path(text, scratch);
  if (!canonical) return std::unexpected(escape_fault(canonical.error()));

  RoutePattern pattern;
  pattern.text_ = text;
  for (std::string_view rest = *canonical; !rest.empty();) {
    auto segment = compile_segment(take_segment(rest));
    if (!segment) return std::unexpected(std::move(segment.error()));
    pattern.segments_.push_back(std::move(*segment));
  }
  if (auto fault = fault_of(pattern.segments_)) return std::unexpected(std::move(*fault));
  return pattern;
}

RoutePattern::RoutePattern(std::string_view text, std::initializer_list<TypedParam> types) {
  auto parsed = parse(text);
  if (!parsed) throw RoutePatternError("route pattern " + quoted(text) + ": " + parsed.error());
  *this = std::move(*parsed);
  for (const TypedParam& param : types) {
    if (set_param_type(param.name, param.type)) continue;
    throw RoutePatternError("route pattern " + quoted(text) + ": a type for " + quoted(param.name) +
                            ", which is no parameter of it");
  }
}

bool RoutePattern::set_param_type(std::string_view name, SegmentKind type) noexcept {
  for (Segment& segment : segments_) {
    if (!is_param(segment.kind) || segment.text != name) continue;
    segment.kind = type;
    return true;
  }
  return false;
}

bool RoutePattern::has_param(std::string_view name) const noexcept {
  return std::ranges::any_of(segments_, [name](const Segment& s) { return is_param(s.kind) && s.text == name; });
}

bool RoutePattern::matches(std::string_view canonical_path) const noexcept {
  if (!canonical_path.starts_with('/')) return false;
  std::string_view rest = canonical_path;
  for (const Segment& segment : segments_) {
    if (segment.kind == SegmentKind::kTail) return true;
    if (rest.empty()) return false;
    const std::string_view part = take_segment(rest);
    if (segment.kind == SegmentKind::kLiteral ? part != segment.text : !segment_fits(segment.kind, part)) return false;
  }
  return rest.empty();
}

std::weak_ordering compare_specificity(const RoutePattern& a, const RoutePattern& b) noexcept {
  const auto mine = a.segments();
  const auto other = b.segments();
  for (std::size_t i = 0; i < std::min(mine.size(), other.size()); ++i) {
    if (const auto order = mine[i].kind <=> other[i].kind; order != 0) return order;
    if (mine[i].kind != SegmentKind::kLiteral) continue;
    if (const auto order = mine[i].text <=> other[i].text; order != 0) return order;
  }
  return mine.size() <=> other.size();  // one path fits both only where the longer adds just `/**`
}

bool same_shape(const RoutePattern& a, const RoutePattern& b) noexcept {
  return compare_specificity(a, b) == std::weak_ordering::equivalent;
}

namespace {

bool segment_covers(const Segment& a, const Segment& b) noexcept {
  if (a.kind == SegmentKind::kLiteral) return a == b;
  if (b.kind == SegmentKind::kLiteral) return segment_fits(a.kind, b.text);
  if (a.kind >= SegmentKind::kParam) return true;
  return a.kind == b.kind ||
         (a.kind == SegmentKind::kSlug && b.kind < a.kind);  // a slug is what ints, uuids and hex are
}

}  // namespace

bool covers(const RoutePattern& a, const RoutePattern& b) noexcept {
  const auto mine = a.segments();
  const auto other = b.segments();
  for (std::size_t i = 0; i < mine.size(); ++i) {
    if (mine[i].kind == SegmentKind::kTail) return true;
    if (i == other.size() || other[i].kind == SegmentKind::kTail) return false;
    if (!segment_covers(mine[i], other[i])) return false;
  }
  return mine.size() == other.size();
}

}  // namespace flare::http
