// Patterns of file names: nothing crashes or takes long, a pattern that escapes every character matches itself and
// nothing else, and what stands before or behind a match is found by stars. Input: a pattern, a line feed, a path.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "flare/base/glob.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_literal(const std::string& path) {
  std::string pattern = "\\/";  // about all of the path
  for (const char c : path) pattern.append("\\").append(1, c);
  const auto literal = flare::Glob::parse(pattern);
  if (!literal) return require(pattern.size() > flare::Glob::kLongest);
  require(literal->matches("/" + path));
  require(!literal->matches("/" + path + "x"));
  const auto around = flare::Glob::parse("**" + pattern + "**");
  if (around) require(around->matches("before/" + path + "/behind"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string pattern(input.substr(0, input.find('\n')));
  const std::string path(pattern.size() < size ? input.substr(pattern.size() + 1) : std::string_view());
  check_literal(path);
  const auto glob = flare::Glob::parse(pattern);
  if (!glob) return 0;
  const bool matches = glob->matches(path);
  const auto deep = flare::Glob::parse(pattern + "**");
  if (deep && matches) require(deep->matches(path));
  return 0;
}
