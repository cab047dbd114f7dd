// A server that is called by its name: "app.internal:3000".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flare::handlers {

struct ServerName {
  std::string host;
  std::uint16_t port = 0;

  /// nullopt: no name and port. An address is none.
  static std::optional<ServerName> parse(std::string_view text);
};

/// The host of "name:port", "192.0.2.1:80" or "[2001:db8::1]:80", without brackets; "" of a unix socket.
std::string_view host_of(std::string_view address) noexcept;

}  // namespace flare::handlers
