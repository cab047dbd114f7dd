// Byte ranges against RFC 9110 §14.1.2 and §14.2 read literally: every position of a small representation is asked
// about.
// Input: the representation's size, the value of Range.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flare/http/conditional.h"

namespace {

using namespace flare::http;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string stripped(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// 1*DIGIT; what fits no integer is as far away as the largest one.
std::optional<std::uint64_t> number(const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return std::strtoull(text.c_str(), nullptr, 10);
}

struct RangeSpec {
  std::optional<std::uint64_t> first, last;  ///< without a first, last is how many at the end

  [[nodiscard]] bool selects(std::uint64_t position, std::uint64_t size) const {
    if (!first) return *last >= size || position >= size - *last;
    return position >= *first && (!last || position <= *last);
  }
};

std::optional<RangeSpec> read_spec(const std::string& text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string::npos) return std::nullopt;
  const std::string before = text.substr(0, dash);
  const std::string after = text.substr(dash + 1);
  const RangeSpec spec{.first = number(before), .last = number(after)};
  if ((!before.empty() && !spec.first) || (!after.empty() && !spec.last) || (!spec.first && !spec.last))
    return std::nullopt;
  if (spec.first && spec.last && *spec.last < *spec.first) return std::nullopt;
  return spec;
}

/// The range-specs of a valid "bytes" Range; none for a Range that is ignored (F-15).
std::vector<RangeSpec> read_range(const std::string& value) {
  const std::size_t equals = value.find('=');
  if (equals != 5) return {};
  for (std::size_t i = 0; i < equals; ++i) {
    if ((value[i] | 0x20) != "bytes"[i]) return {};
  }
  std::vector<RangeSpec> specs;
  std::string rest = value.substr(equals + 1) + ",";
  for (std::size_t comma = 0; (comma = rest.find(',')) != std::string::npos; rest.erase(0, comma + 1)) {
    const std::string text = stripped(rest.substr(0, comma));
    if (text.empty()) continue;
    const auto spec = read_spec(text);
    if (!spec) return {};
    specs.push_back(*spec);
  }
  return specs;
}

using Positions = std::vector<int>;  // by position: how many ranges select it

Positions selected_by(const RangeSpec& spec, std::uint64_t size) {
  Positions all(size, 0);
  for (std::uint64_t position = 0; position < size; ++position) all[position] = spec.selects(position, size) ? 1 : 0;
  return all;
}

Positions sum(const std::vector<Positions>& each, std::uint64_t size) {
  Positions all(size, 0);
  for (const Positions& one : each) {
    for (std::uint64_t position = 0; position < size; ++position) all[position] += one[position];
  }
  return all;
}

/// How many of the ranges share a position with another one.
int overlapping(const std::vector<Positions>& each, const Positions& all) {
  int count = 0;
  for (const Positions& one : each) {
    bool shared = false;
    for (std::size_t position = 0; position < all.size(); ++position)
      shared = shared || (one[position] != 0 && all[position] > 1);
    count += shared ? 1 : 0;
  }
  return count;
}

/// The runs of positions that are selected.
std::vector<ByteRange> runs(const Positions& all) {
  std::vector<ByteRange> found;
  for (std::size_t position = 0; position < all.size(); ++position) {
    if (all[position] == 0) continue;
    if (position == 0 || all[position - 1] == 0) found.push_back({.offset = position});
    ++found.back().length;
  }
  return found;
}

/// Of a vector, because the parts come in the order of the request.
bool same_set(const std::vector<ByteRange>& expected, std::span<const ByteRange> parts) {
  return expected.size() == parts.size() && std::ranges::all_of(parts, [&expected](const ByteRange& part) {
           return std::ranges::find(expected, part) != expected.end();
         });
}

void check(const std::string& value, std::uint64_t size) {
  const std::vector<Field> fields{{"Range", value}};
  const Representation representation{.size = size, .mtime = 784111777, .etag = "\"a\"", .date_is_strong = true};
  const Selection selection = select_representation(Method::kGet, Fields(fields), representation);
  const Selection everything{.length = size};
  require(select_representation(Method::kHead, Fields(fields), representation) == everything);
  const std::vector<RangeSpec> specs = read_range(value);
  if (specs.empty() || specs.size() > ByteRanges::kMost) return require(selection == everything);
  std::vector<Positions> each;
  for (const RangeSpec& spec : specs) {
    // Satisfiable, but no Content-Range could say so.
    if (size == 0 && !spec.first && *spec.last != 0) return require(selection == everything);
    each.push_back(selected_by(spec, size));
  }
  const Positions all = sum(each, size);
  const std::vector<ByteRange> expected = runs(all);
  if (expected.empty()) return require(selection == Selection{.status = Status::kRangeNotSatisfiable});
  if (overlapping(each, all) > 2) return require(selection == everything);
  if (expected.size() == 1) {
    return require(selection == Selection{.status = Status::kPartialContent,
                                          .offset = expected[0].offset,
                                          .length = expected[0].length});
  }
  require(selection == Selection{.status = Status::kPartialContent, .several = true});
  require(same_set(expected, requested_ranges(Fields(fields), size).parts()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string value(reinterpret_cast<const char*>(data) + 1, size - 1);
  check(value, data[0] % 16);
  check("bytes=" + value, data[0]);
  return 0;
}
