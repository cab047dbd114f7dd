// Paths and hosts: canonical_path is idempotent and keeps its promises for any bytes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "flare/base/utf8.h"
#include "flare/http/path.h"

namespace {

using namespace flare::http;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_canonical(std::string_view path) {
  require(path.starts_with('/'));
  require(!path.contains("//"));
  for (char c : path) require(c > ' ' && c < '\x7F' && c != '\\' && c != '?' && c != '#');
  for (std::size_t begin = 1; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, end - begin);
    require(segment != "." && segment != "..");
    begin = end + 1;
  }
}

void check_path(std::string_view raw) {
  std::string scratch;
  const auto path = canonical_path(raw, scratch);
  if (!path) return;
  check_canonical(*path);
  require((path->data() == raw.data()) == (*path == raw));
  std::string again;
  const auto second = canonical_path(*path, again);
  require(second && *second == *path && second->data() == path->data());
  const auto decoded = percent_decode(*path);
  require(decoded.has_value());
  flare::Utf8Checker checker;
  const bool is_text = std::ranges::all_of(*decoded, [&](char c) { return checker.take(c); }) && checker.is_complete();
  std::string strict_scratch;
  const auto strict = canonical_path(raw, strict_scratch, Utf8Policy::kStrict);
  require(strict.has_value() == is_text && (!is_text || *strict == *path));
}

void check_host(std::string_view authority) {
  std::string scratch;
  const std::string host(normalize_host(authority, scratch));
  if (!is_valid_authority(authority)) return;
  require(!host.empty() && is_valid_authority(host));
  require(!host.contains('@') && !host.contains('/'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_path(input);
  check_path("/" + std::string(input));
  check_host(input);
  std::string encoded;
  append_percent_encoded(encoded, input);
  require(percent_decode(encoded) == input);
  if (const auto decoded = percent_decode(input)) require(decoded->size() <= input.size());
  return 0;
}
