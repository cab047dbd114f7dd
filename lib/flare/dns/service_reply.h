// SRV answers with their TTLs (RFC 1035 §4, RFC 2782), which c-ares drops. Pure. Internal to this folder.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "flare/dns/resolver.h"

namespace flare::dns {

/// The SRV records in the answer section of a message, by priority; nullopt where it is malformed.
std::optional<std::vector<Service>> parse_service_reply(std::span<const std::uint8_t> message);

}  // namespace flare::dns
