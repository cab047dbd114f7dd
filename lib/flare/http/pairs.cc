#include "flare/http/pairs.h"

#include <algorithm>

#include "flare/base/ascii.h"

namespace flare::http {
namespace {

/// Finds `name` among "name=value" items; items are trimmed where the grammar allows space around them.
std::optional<std::string_view> item_value(std::string_view items, char separator, std::string_view name) noexcept {
  while (!items.empty()) {
    const std::size_t end = std::min(items.find(separator), items.size());
    const std::string_view item = ascii::trim(items.substr(0, end));
    const std::size_t equals = std::min(item.find('='), item.size());
    if (item.substr(0, equals) == name) return item.substr(std::min(equals + 1, item.size()));
    items.remove_prefix(std::min(end + 1, items.size()));
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> query_value(std::string_view query, std::string_view name) noexcept {
  return item_value(query, '&', name);
}

std::optional<std::string_view> cookie_value(std::string_view cookies, std::string_view name) noexcept {
  return item_value(cookies, ';', name);
}

}  // namespace flare::http
