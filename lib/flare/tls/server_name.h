// The server_name extension of a ClientHello (RFC 6066 §3). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace flare::tls {

/// The host name in `extension`'s content, in lower case and without a trailing dot, as certificates are looked up by.
/// nullopt where there is none: not a list of one host name, not a name that DNS could have, or the literal of an IP
/// address, which the RFC forbids and clients send all the same.
std::optional<std::string> parse_server_name(std::span<const unsigned char> extension);

}  // namespace flare::tls
