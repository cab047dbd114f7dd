// One byte range against RFC 9110 §14.1.2 read literally: every position of a small representation is asked about.
// Input: the representation's size, the value of Range.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
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

/// The one range-spec of a valid "bytes" Range; nullopt for a Range that is ignored (F-15: several are).
std::optional<RangeSpec> read_range(const std::string& value) {
  const std::size_t equals = value.find('=');
  if (equals != 5) return std::nullopt;
  for (std::size_t i = 0; i < equals; ++i) {
    if ((value[i] | 0x20) != "bytes"[i]) return std::nullopt;
  }
  std::vector<std::string> specs;
  std::string rest = value.substr(equals + 1) + ",";
  for (std::size_t comma = 0; (comma = rest.find(',')) != std::string::npos; rest.erase(0, comma + 1)) {
    const std::string spec = stripped(rest.substr(0, comma));
    if (!spec.empty()) specs.push_back(spec);
  }
  if (specs.size() != 1) return std::nullopt;
  const std::size_t dash = specs[0].find('-');
  if (dash == std::string::npos) return std::nullopt;
  const std::string before = specs[0].substr(0, dash);
  const std::string after = specs[0].substr(dash + 1);
  const RangeSpec spec{.first = number(before), .last = number(after)};
  if ((!before.empty() && !spec.first) || (!after.empty() && !spec.last) || (!spec.first && !spec.last))
    return std::nullopt;
  if (spec.first && spec.last && *spec.last < *spec.first) return std::nullopt;
  return spec;
}

void check(const std::string& value, std::uint64_t size) {
  const std::vector<Field> fields{{"Range", value}};
  const Representation representation{.size = size, .mtime = 784111777, .etag = "\"a\"", .date_is_strong = true};
  const Selection selection = select_representation(Method::kGet, Fields(fields), representation);
  require(select_representation(Method::kHead, Fields(fields), representation) == Selection{.length = size});
  const auto spec = read_range(value);
  if (!spec) return require(selection == Selection{.length = size});
  std::uint64_t selected = 0, begin = size;
  for (std::uint64_t position = size; position-- > 0;) {
    if (!spec->selects(position, size)) continue;
    ++selected;
    begin = position;
  }
  if (selected != 0) {
    require(selection == Selection{.status = Status::kPartialContent, .offset = begin, .length = selected});
  } else if (size == 0 && !spec->first && *spec->last != 0) {
    require(selection == Selection{});  // satisfiable, but no Content-Range could say so
  } else {
    require(selection == Selection{.status = Status::kRangeNotSatisfiable});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string value(reinterpret_cast<const char*>(data) + 1, size - 1);
  check(value, data[0] % 16);
  check("bytes=" + value, data[0]);
  return 0;
}
