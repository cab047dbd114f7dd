// The PROXY protocol, versions 1 and 2, as a receiver reads it (HAProxy's proxy-protocol.txt §2). Pure.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string_view>

#include "flare/base/reason.h"
#include "flare/net/socket_addr.h"

namespace flare::net {

inline constexpr std::size_t kProxyV1Bytes = 107;            ///< the longest line, with its CRLF (§2.1)
inline constexpr std::size_t kProxyV2Bytes = 16 + 4 * 1024;  ///< ours: the fixed part, addresses and TLVs

struct ProxyHeader {
  std::size_t size = 0;  ///< bytes of the header; 0: not complete yet, and nothing else is meant
  /// The connection that the proxy relays. Absent where it speaks for itself (LOCAL), does not know (UNKNOWN, UNSPEC)
  /// or relays a unix socket or datagrams: then the addresses of the socket count.
  std::optional<SocketAddr> source;
  std::optional<SocketAddr> destination;
  // Version 2's TLVs, views of the input; "" where absent. All others are skipped, but for a CRC-32C, which must be
  // true.
  std::string_view alpn;
  std::string_view authority;
};

/// The header at the start of `input`: what follows it belongs to the protocol inside. As strict as the grammar; the
/// same for any prefix that is long enough. Reasons: kProxyHeaderMissing (it is something else), kProxyHeaderBytes (too
/// long), kBadProxyHeader.
std::expected<ProxyHeader, Reason> parse_proxy_header(std::string_view input) noexcept;

}  // namespace flare::net
