// Values in queries and cookies: what is found is what taking the text apart, item by item, finds; the first of a name
// wins. Input: a name, a line end, the text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flare/http/pairs.h"

namespace {

using flare::http::cookie_value;
using flare::http::query_value;

void require(bool holds) {
  if (!holds) std::abort();
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> items(1);
  for (const char c : text) {
    if (c == separator) {
      items.emplace_back();
    } else {
      items.back() += c;
    }
  }
  return items;
}

std::string stripped(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::optional<std::string> look_up(const std::string& text, char separator, const std::string& name) {
  for (const std::string& item : split(text, separator)) {
    const std::string plain = stripped(item);
    if (plain == name) return "";
    if (plain.starts_with(name + "=")) return plain.substr(name.size() + 1);
  }
  return std::nullopt;
}

void check(std::optional<std::string_view> found, const std::string& text, char separator, const std::string& name) {
  const auto expected = look_up(text, separator, name);
  require(found.has_value() == expected.has_value());
  if (!found) return;
  require(*found == *expected && found->find(separator) == std::string_view::npos);
  require(found->data() >= text.data() && found->data() + found->size() <= text.data() + text.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = input.find('\n');
  const std::string name = input.substr(0, end);
  if (end == std::string::npos || name.empty() || name.find_first_of("=&; \t") != std::string::npos) return 0;
  const std::string text = input.substr(end + 1);
  check(query_value(text, name), text, '&', name);
  check(cookie_value(text, name), text, ';', name);
  // An item put in front of the others is the one that is found.
  const std::string query = name + "=1&" + text;
  require(query_value(query, name) == "1");
  const std::string cookies = name + "=1; " + text;
  require(cookie_value(cookies, name) == "1");
  return 0;
}
