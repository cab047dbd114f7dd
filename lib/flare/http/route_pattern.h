// Route patterns (config.md M3, M5): what they match, which of two is more specific, what one says about another. Pure.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flare/base/exception.h"

namespace flare::http {

/// What a segment of a pattern matches, the most specific first: the order of values is the order of rule M5.
enum class SegmentKind : std::uint8_t {
  kLiteral,  ///< these bytes; "" is the end of a path that ends in a slash
  kInt,      ///< `:name` typed int: decimal, fits std::int64_t
  kUuid,     ///< 8-4-4-4-12 hex digits
  kHex,      ///< hex digits
  kSlug,     ///< letters, digits, '-' and '_'
  kParam,    ///< `:name`: one segment that is not empty
  kAny,      ///< `*`: one segment that is not empty
  kTail,     ///< `**`: any number of segments, none included
};

constexpr bool is_param(SegmentKind kind) noexcept { return kind >= SegmentKind::kInt && kind <= SegmentKind::kParam; }
/// A parameter's type by its name in the configuration: int, uuid, hex, slug.
std::optional<SegmentKind> parse_param_type(std::string_view name) noexcept;
/// Whether a segment of a canonical path is what `kind` asks for; a literal's and a tail's bytes are not looked at.
bool segment_fits(SegmentKind kind, std::string_view segment) noexcept;

/// A pattern that cannot be used. The message quotes it and says what to write instead.
class RoutePatternError : public Exception {
  using Exception::Exception;
};

struct TypedParam {
  std::string_view name;
  SegmentKind type;
};

/// "/users/:id", "/img/*", "/docs/**". Segments are compared with those of Request::path(), so literals are kept in the
/// same canonical form ("/caf\xC3\xA9" is "/caf%C3%A9"). `/a` matches only /a; `/a/**` matches /a, /a/ and /a/b, never
/// /ab.
/// ':' opens a parameter and '*' a wildcard only as the first byte of a segment; "%3A" and "%2A" are those bytes in
/// requests that encode them too.
class RoutePattern {
 public:
  struct Segment {
    SegmentKind kind = SegmentKind::kLiteral;
    std::string text;  ///< a literal's bytes, a parameter's name, else ""
    friend bool operator==(const Segment&, const Segment&) = default;
  };

  /// The pattern, or what is wrong with `text` in one line for people.
  static std::expected<RoutePattern, std::string> parse(std::string_view text);
  /// The same for programmers: throws RoutePatternError. Implicit, so that "/a/:id" is a pattern wherever one is asked
  /// for.
  template <std::convertible_to<std::string_view> Text>
  RoutePattern(const Text& text) : RoutePattern(std::string_view(text), {}) {}  // NOLINT(google-explicit-constructor)
  RoutePattern(std::string_view text, std::initializer_list<TypedParam> types);

  /// Gives `:name` a type. False where the pattern has no such parameter. `type` is one that parse_param_type returns.
  [[nodiscard]] bool set_param_type(std::string_view name, SegmentKind type) noexcept;

  [[nodiscard]] const std::string& text() const noexcept { return text_; }  ///< as it was written
  [[nodiscard]] std::span<const Segment> segments() const noexcept { return segments_; }
  [[nodiscard]] bool has_param(std::string_view name) const noexcept;
  [[nodiscard]] bool has_tail() const noexcept { return segments_.back().kind == SegmentKind::kTail; }
  /// Of one path alone; RouteTable does many at once.
  [[nodiscard]] bool matches(std::string_view canonical_path) const noexcept;

 private:
  RoutePattern() = default;

  std::string text_;
  std::vector<Segment> segments_;  ///< at least one: "/" is one empty literal
};

/// Rule M5 segment by segment: `less` means that `a` wins wherever both match; `equivalent` that no path tells them
/// apart. Two literals that differ are ordered too, by their bytes; no path matches both. `/a` wins against `/a/**`: a
/// path that ends where the pattern ends is met exactly.
std::weak_ordering compare_specificity(const RoutePattern& a, const RoutePattern& b) noexcept;
/// Equal but for the names of parameters: such patterns match the same paths with equal specificity.
bool same_shape(const RoutePattern& a, const RoutePattern& b) noexcept;
/// Every path that `b` matches is matched by `a`. With compare_specificity(a, b) < 0, `b` can never win.
bool covers(const RoutePattern& a, const RoutePattern& b) noexcept;

}  // namespace flare::http
