// Host names as TLS has them: in the server_name extension of a ClientHello (RFC 6066 §3) and in certificates. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace flare::tls {

/// `text` in lower case and without a trailing dot; nullopt where it is no name that DNS could have, or an IP address.
std::optional<std::string> canonical_name(std::string_view text);

/// The host name in `extension`'s content, in lower case and without a trailing dot, as certificates are looked up by.
/// nullopt where there is none: not a list of one host name, not a name that DNS could have, or the literal of an IP
/// address, which the RFC forbids and clients send all the same.
std::optional<std::string> parse_server_name(std::span<const unsigned char> extension);

}  // namespace flare::tls
