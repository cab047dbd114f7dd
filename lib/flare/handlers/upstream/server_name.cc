#include "flare/handlers/upstream/server_name.h"

#include <algorithm>

#include "flare/base/ascii.h"
#include "flare/base/numbers.h"

namespace flare::handlers {

std::optional<ServerName> ServerName::parse(std::string_view text) {
  constexpr std::size_t kLongestName = 253;
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon > kLongestName) return std::nullopt;
  const std::string_view host = text.substr(0, colon);
  const bool valid =
      std::ranges::all_of(host, [](char c) { return ascii::is_alnum(c) || c == '-' || c == '.' || c == '_'; });
  const bool numeric = std::ranges::all_of(host, [](char c) { return ascii::is_digit(c) || c == '.'; });
  const auto port = parse_decimal<std::uint16_t>(text.substr(colon + 1));
  if (!valid || numeric || !port || *port == 0 || host.starts_with('.') || host.contains("..")) return std::nullopt;
  return ServerName{.host = std::string(host), .port = *port};
}

std::string_view host_of(std::string_view address) noexcept {
  if (address.starts_with("unix:")) return {};
  if (address.starts_with('[')) return address.substr(1, address.find(']') - 1);
  return address.substr(0, address.rfind(':'));
}

}  // namespace flare::handlers
