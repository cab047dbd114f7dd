#include "flare/tls/server_name.h"

#include <algorithm>
#include <string_view>

#include "flare/base/ascii.h"
#include "flare/net/ip_addr.h"

namespace flare::tls {
namespace {

constexpr std::size_t kListHead = 2;  // the length of the list
constexpr std::size_t kNameHead = 3;  // type and length of a name
constexpr unsigned char kHostName = 0;
constexpr std::size_t kLongestName = 253;

std::size_t number(std::span<const unsigned char> two) noexcept { return std::size_t{two[0]} << 8 | two[1]; }

bool is_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > kLongestName || name.front() == '.' || name.back() == '.') return false;
  const auto fits = [](char c) { return ascii::is_alpha(c) || ascii::is_digit(c) || c == '-' || c == '.' || c == '_'; };
  return std::ranges::all_of(name, fits) && !name.contains("..");
}

}  // namespace

std::optional<std::string> canonical_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (!is_name(text) || net::IpAddr::try_parse(text)) return std::nullopt;
  std::string name(text);
  std::ranges::transform(name, name.begin(), ascii::to_lower);
  return name;
}

std::optional<std::string> parse_server_name(std::span<const unsigned char> extension) {
  if (extension.size() < kListHead + kNameHead || number(extension) != extension.size() - kListHead)
    return std::nullopt;
  const auto entry = extension.subspan(kListHead);
  if (entry[0] != kHostName || number(entry.subspan(1)) != entry.size() - kNameHead) return std::nullopt;
  const auto bytes = entry.subspan(kNameHead);
  return canonical_name({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace flare::tls
