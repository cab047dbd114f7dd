#include "flare/http/conditional.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "flare/base/ascii.h"
#include "flare/base/numbers.h"
#include "flare/http/date.h"

namespace flare::http {
namespace {

struct EntityTag {
  std::string_view opaque;  ///< quotes included
  bool weak = false;
};

enum class Comparison : std::uint8_t { kStrong, kWeak };  // RFC 9110 §8.8.3.2

bool is_etag_char(char c) noexcept { return c != '"' && c != ' ' && !ascii::is_control(c); }  // RFC 9110 §8.8.3

/// Takes the entity-tag at the front of `text`; nullopt where none stands there.
std::optional<EntityTag> take_entity_tag(std::string_view& text) noexcept {
  EntityTag tag{.opaque = {}, .weak = text.starts_with("W/")};
  if (tag.weak) text.remove_prefix(2);
  if (!text.starts_with('"')) return std::nullopt;
  const std::size_t close = text.find('"', 1);
  if (close == std::string_view::npos) return std::nullopt;
  tag.opaque = text.substr(0, close + 1);
  if (!std::ranges::all_of(tag.opaque.substr(1, close - 1), is_etag_char)) return std::nullopt;
  text.remove_prefix(close + 1);
  return tag;
}

bool tags_match(const EntityTag& a, const EntityTag& b, Comparison comparison) noexcept {
  return a.opaque == b.opaque && (comparison == Comparison::kWeak || (!a.weak && !b.weak));
}

/// Whether the list in one field line names `current`. What follows a malformed element is not looked at.
bool line_names(std::string_view list, const EntityTag& current, Comparison comparison) noexcept {
  for (;;) {
    while (!list.empty() && (list.front() == ',' || list.front() == ' ' || list.front() == '\t')) list.remove_prefix(1);
    const auto tag = take_entity_tag(list);
    if (!tag) return false;
    list = ascii::trim(list);
    if (!list.empty() && list.front() != ',') return false;
    if (tags_match(*tag, current, comparison)) return true;
  }
}

/// Whether If-Match or If-None-Match names the representation; "*" names any that exists.
bool any_line_names(const Fields& fields, std::string_view name, std::string_view etag,
                    Comparison comparison) noexcept {
  std::string_view rest = etag;
  const std::optional<EntityTag> current = take_entity_tag(rest);
  return std::ranges::any_of(fields, [&](const Field& field) {
    if (!ascii::iequals(field.name, name)) return false;
    return field.value == "*" || (current && line_names(field.value, *current, comparison));
  });
}

/// The value of a field that may stand once; nullopt where it is absent or repeated (no list of it means anything).
std::optional<std::string_view> get_single(const Fields& fields, std::string_view name) noexcept {
  const auto is_named = [name](const Field& field) { return ascii::iequals(field.name, name); };
  return std::ranges::count_if(fields, is_named) == 1 ? fields.get(name) : std::nullopt;
}

/// A date that is repeated or unreadable is ignored (RFC 9110 §13.1.3, §13.1.4).
std::optional<std::time_t> get_date(const Fields& fields, std::string_view name) noexcept {
  const auto value = get_single(fields, name);
  return value ? parse_http_date(*value) : std::nullopt;
}

std::optional<Status> failed_precondition(Method method, const Fields& fields, const Representation& current) noexcept {
  const bool reads = method == Method::kGet || method == Method::kHead;
  if (fields.contains("If-Match")) {  // RFC 9110 §13.2.2 step 1
    if (!any_line_names(fields, "If-Match", current.etag, Comparison::kStrong)) return Status::kPreconditionFailed;
  } else if (const auto date = get_date(fields, "If-Unmodified-Since"); date && current.mtime > *date) {  // step 2
    return Status::kPreconditionFailed;
  }
  if (fields.contains("If-None-Match")) {  // step 3
    if (!any_line_names(fields, "If-None-Match", current.etag, Comparison::kWeak)) return std::nullopt;
    return reads ? Status::kNotModified : Status::kPreconditionFailed;
  }
  if (!reads) return std::nullopt;
  const auto date = get_date(fields, "If-Modified-Since");  // step 4
  return date && current.mtime <= *date ? std::optional(Status::kNotModified) : std::nullopt;
}

/// Whether a Range is to be applied (RFC 9110 §13.1.5, F-16).
bool if_range_holds(const Fields& fields, const Representation& current) noexcept {
  if (!fields.contains("If-Range")) return true;
  const auto value = get_single(fields, "If-Range");
  if (!value) return false;
  std::string_view asked = *value;
  if (const auto tag = take_entity_tag(asked)) {
    std::string_view etag = current.etag;
    const auto own = take_entity_tag(etag);
    return asked.empty() && own && tags_match(*tag, *own, Comparison::kStrong);
  }
  const auto date = parse_http_date(*value);
  return date && *date == current.mtime && current.date_is_strong;
}

/// 1*DIGIT; a number that fits no integer is beyond every representation, and so is the largest one.
std::optional<std::uint64_t> parse_position(std::string_view text) noexcept {
  if (text.empty() || !std::ranges::all_of(text, ascii::is_digit)) return std::nullopt;
  return parse_decimal<std::uint64_t>(text).value_or(std::numeric_limits<std::uint64_t>::max());
}

/// The only range-spec of a "bytes" Range; nullopt for several, for none and for another unit (RFC 9110 §14.2).
std::optional<std::string_view> only_range_spec(std::string_view range) noexcept {
  const std::size_t equals = range.find('=');
  if (equals == std::string_view::npos || !ascii::iequals(range.substr(0, equals), "bytes")) return std::nullopt;
  std::optional<std::string_view> only;
  for (std::string_view rest = range.substr(equals + 1);;) {
    const std::size_t comma = rest.find(',');
    const std::string_view element = ascii::trim(rest.substr(0, comma));
    if (!element.empty()) {  // empty list elements do not count, RFC 9110 §5.6.1.2
      if (only) return std::nullopt;
      only = element;
    }
    if (comma == std::string_view::npos) return only;
    rest.remove_prefix(comma + 1);
  }
}

/// What `spec` selects of `size` bytes: everything where it is malformed, since such a Range is ignored (F-15).
Selection apply_range(std::string_view spec, std::uint64_t size) noexcept {
  const Selection everything{.length = size};
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return everything;
  const std::string_view last_text = spec.substr(dash + 1);
  if (dash == 0) {  // the last n bytes; of an empty file there is no part that Content-Range could name
    const auto suffix = parse_position(last_text);
    if (!suffix) return everything;
    if (*suffix == 0) return {.status = Status::kRangeNotSatisfiable};  // RFC 9110 §14.1.2
    if (size == 0) return everything;
    const std::uint64_t length = std::min(*suffix, size);
    return {.status = Status::kPartialContent, .offset = size - length, .length = length};
  }
  const auto first = parse_position(spec.substr(0, dash));
  const std::optional<std::uint64_t> last =
      last_text.empty() ? std::numeric_limits<std::uint64_t>::max() : parse_position(last_text);
  if (!first || !last || *last < *first) return everything;
  if (*first >= size) return {.status = Status::kRangeNotSatisfiable};
  return {.status = Status::kPartialContent, .offset = *first, .length = std::min(*last, size - 1) - *first + 1};
}

/// Methods that neither select nor change a representation ignore all of it (RFC 9110 §13.2.1).
bool ignores_preconditions(Method method) noexcept {
  return method == Method::kConnect || method == Method::kOptions || method == Method::kTrace;
}

}  // namespace

Selection select_representation(Method method, const Fields& fields, const Representation& representation) noexcept {
  const Selection everything{.length = representation.size};
  if (ignores_preconditions(method)) return everything;
  if (const auto status = failed_precondition(method, fields, representation)) return {.status = *status};
  if (method != Method::kGet) return everything;  // RFC 9110 §14.2: Range is defined for GET only
  const auto range = get_single(fields, "Range");
  if (!range || !if_range_holds(fields, representation)) return everything;
  const auto spec = only_range_spec(*range);
  return spec ? apply_range(*spec, representation.size) : everything;
}

std::string make_etag(std::uint64_t size, std::int64_t mtime_ns) {
  std::array<char, 40> text{};
  char* const end = text.data() + text.size();
  char* out = text.data();
  *out++ = '"';
  out = std::to_chars(out, end, size, 16).ptr;
  *out++ = '-';
  out = std::to_chars(out, end, static_cast<std::uint64_t>(mtime_ns), 16).ptr;
  *out++ = '"';
  return {text.data(), out};
}

}  // namespace flare::http
