// Preconditions and ranges: the input's lines are field values; what is selected always lies in the representation.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "flare/http/conditional.h"

namespace {

using namespace flare::http;

constexpr std::array<std::string_view, 6> kNames = {
    "If-Match", "If-Unmodified-Since", "If-None-Match", "If-Modified-Since", "Range", "If-Range"};

void require(bool holds) {
  if (!holds) std::abort();
}

/// "<digit>value" a line: the digit picks the name.
std::vector<Field> fields_of(std::string_view input) {
  std::vector<Field> fields;
  while (!input.empty()) {
    const std::string_view line = input.substr(0, input.find('\n'));
    input.remove_prefix(line.size() < input.size() ? line.size() + 1 : line.size());
    if (line.empty()) continue;
    fields.push_back({kNames[static_cast<unsigned char>(line.front()) % kNames.size()], line.substr(1)});
  }
  return fields;
}

void check(Method method, const Fields& fields, const Representation& representation) {
  const Selection selection = select_representation(method, fields, representation);
  switch (selection.status) {
    case Status::kOk: require(selection.offset == 0 && selection.length == representation.size); return;
    case Status::kPartialContent:
      require(method == Method::kGet && selection.length > 0 && selection.offset < representation.size);
      require(selection.length <= representation.size - selection.offset);
      return;
    case Status::kNotModified: require(method == Method::kGet || method == Method::kHead); break;
    case Status::kRangeNotSatisfiable: require(method == Method::kGet); break;
    default: require(selection.status == Status::kPreconditionFailed); break;
  }
  require(selection.offset == 0 && selection.length == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto method = static_cast<Method>(data[0] % (static_cast<int>(Method::kOther) + 1));
  const std::array<std::uint64_t, 4> sizes = {0, 1, 1000, UINT64_MAX};
  const std::string etag = make_etag(13, 17);
  const std::array<std::string_view, 4> etags = {etag, "W/\"a\"", "", "\""};
  const Representation representation{
      .size = sizes[data[1] % 4], .mtime = 784111777, .etag = etags[data[1] / 4 % 4], .date_is_strong = data[1] < 128};
  const std::vector<Field> fields = fields_of({reinterpret_cast<const char*>(data) + 2, size - 2});
  check(method, Fields(fields), representation);
  return 0;
}
