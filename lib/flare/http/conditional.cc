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

/// Calls `visit` for each element of a "bytes" Range until it says false; false then, and for another unit. Empty list
/// elements do not count (RFC 9110 §5.6.1.2).
template <class Visit>
bool for_each_range_spec(std::string_view range, Visit&& visit) noexcept {
  const std::size_t equals = range.find('=');
  if (equals == std::string_view::npos || !ascii::iequals(range.substr(0, equals), "bytes")) return false;
  for (std::string_view rest = range.substr(equals + 1);;) {
    const std::size_t comma = rest.find(',');
    const std::string_view element = ascii::trim(rest.substr(0, comma));
    if (!element.empty() && !visit(element)) return false;
    if (comma == std::string_view::npos) return true;
    rest.remove_prefix(comma + 1);
  }
}

bool overlap(const ByteRange& a, const ByteRange& b) noexcept {
  return a.offset < b.offset + b.length && b.offset < a.offset + a.length;
}
bool touch(const ByteRange& a, const ByteRange& b) noexcept {
  return a.offset <= b.offset + b.length && b.offset <= a.offset + a.length;
}

/// Fields that can change what a request gets; most requests have none, and one look at the names tells.
bool has_conditions(const Fields& fields) noexcept {
  return std::ranges::any_of(fields, [](const Field& field) {
    const std::string_view name = field.name;
    if (name.size() < 5) return false;
    if ((name[0] | 0x20) == 'i') return (name[1] | 0x20) == 'f' && name[2] == '-';
    return name.size() == 5 && ascii::iequals(name, "Range");
  });
}

/// Methods that neither select nor change a representation ignore all of it (RFC 9110 §13.2.1).
bool ignores_preconditions(Method method) noexcept {
  return method == Method::kConnect || method == Method::kOptions || method == Method::kTrace;
}

}  // namespace

Selection select_representation(Method method, const Fields& fields, const Representation& representation) noexcept {
  const Selection everything{.length = representation.size};
  if (!has_conditions(fields) || ignores_preconditions(method)) return everything;
  if (const auto status = failed_precondition(method, fields, representation)) return {.status = *status};
  if (method != Method::kGet) return everything;  // RFC 9110 §14.2: Range is defined for GET only
  const auto range = get_single(fields, "Range");
  if (!range || !if_range_holds(fields, representation)) return everything;
  const ByteRanges ranges(*range, representation.size);
  switch (ranges.kind()) {
    case ByteRanges::Kind::kIgnored: return everything;
    case ByteRanges::Kind::kUnsatisfiable: return {.status = Status::kRangeNotSatisfiable};
    case ByteRanges::Kind::kParts: break;
  }
  if (ranges.parts().size() > 1) return {.status = Status::kPartialContent, .several = true};
  const ByteRange& only = ranges.parts().front();
  return {.status = Status::kPartialContent, .offset = only.offset, .length = only.length};
}

bool none_match_names(const Fields& fields, std::string_view etag) noexcept {
  return any_line_names(fields, "If-None-Match", etag, Comparison::kWeak);
}

ByteRanges requested_ranges(const Fields& fields, std::uint64_t size) noexcept {
  return {get_single(fields, "Range").value_or(std::string_view()), size};
}

ByteRanges::ByteRanges(std::string_view range, std::uint64_t size) noexcept {
  std::size_t seen = 0;
  const bool understood =
      for_each_range_spec(range, [&](std::string_view spec) { return ++seen <= kMost && add(spec, size); });
  if (!understood || seen == 0) return;
  if (count_ == 0) {
    kind_ = Kind::kUnsatisfiable;
  } else if (count_overlapping() <= 2) {  // RFC 9110 §14.2
    kind_ = Kind::kParts;
    merge();
  }
}

/// False where the whole field is to be ignored (F-15). What begins beyond the end adds nothing.
bool ByteRanges::add(std::string_view spec, std::uint64_t size) noexcept {
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return false;
  const std::string_view last_text = spec.substr(dash + 1);
  if (dash == 0) {  // the last n bytes; of an empty file there is no part that Content-Range could name
    const auto suffix = parse_position(last_text);
    if (!suffix || (size == 0 && *suffix != 0)) return false;
    const std::uint64_t length = std::min(*suffix, size);
    if (length != 0) parts_[count_++] = {.offset = size - length, .length = length};  // 0: RFC 9110 §14.1.2
    return true;
  }
  const auto first = parse_position(spec.substr(0, dash));
  const std::optional<std::uint64_t> last =
      last_text.empty() ? std::numeric_limits<std::uint64_t>::max() : parse_position(last_text);
  if (!first || !last || *last < *first) return false;
  if (*first < size) parts_[count_++] = {.offset = *first, .length = std::min(*last, size - 1) - *first + 1};
  return true;
}

std::size_t ByteRanges::count_overlapping() const noexcept {
  const auto all = parts();
  return static_cast<std::size_t>(std::ranges::count_if(all, [all](const ByteRange& one) {
    return std::ranges::any_of(all, [&one](const ByteRange& other) { return &one != &other && overlap(one, other); });
  }));
}

/// Each part takes in those behind it that it touches; as it grows, it may touch earlier ones of them.
void ByteRanges::merge() noexcept {
  for (std::size_t i = 0; i < count_; ++i) {
    for (std::size_t j = i + 1; j < count_;) {
      if (!touch(parts_[i], parts_[j])) {
        ++j;
        continue;
      }
      const std::uint64_t begin = std::min(parts_[i].offset, parts_[j].offset);
      const std::uint64_t end = std::max(parts_[i].offset + parts_[i].length, parts_[j].offset + parts_[j].length);
      parts_[i] = {.offset = begin, .length = end - begin};
      std::copy(parts_.begin() + static_cast<std::ptrdiff_t>(j) + 1,
                parts_.begin() + static_cast<std::ptrdiff_t>(count_), parts_.begin() + static_cast<std::ptrdiff_t>(j));
      --count_;
      j = i + 1;
    }
  }
}

std::string content_range(const ByteRange& part, std::uint64_t size) {
  return "bytes " + std::to_string(part.offset) + "-" + std::to_string(part.offset + part.length - 1) + "/" +
         std::to_string(size);
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
