// Addresses and networks as the configuration writes them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "flare/net/socket_addr.h"
#include "server/config/config.h"

namespace flare::server::config {

/// "10.0.0.0/8", "2001:db8::/32" or one address. Bits beyond the prefix must be zero: "10.0.0.1/8" is a slip.
std::optional<Cidr> parse_cidr(std::string_view text);
/// Whether some address lies in both.
bool overlap(const Cidr& a, const Cidr& b) noexcept;

}  // namespace flare::server::config
