// Who is behind a trusted proxy: X-Forwarded-For, Forwarded (RFC 7239), X-Forwarded-Proto. Pure; only for requests of
// trusted peers: anybody else could write anything there.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "flare/http/field.h"
#include "flare/net/cidr.h"

namespace flare::http {

/// The client of a request that came from `peer`, a trusted proxy. Each proxy appends the address it was asked from, so
/// the members are read right to left over all field lines: trusted addresses are passed over, the first other one is
/// the client; where all are trusted, the left-most. A member that is no address ("unknown", "_hidden", anything
/// malformed) ends the walk at the address before it: what stands left of it is not vouched for.
/// X-Forwarded-For counts where it is present, else Forwarded: proxies that append to neither pass both on, and nearly
/// all that append do so to X-Forwarded-For; a list of two origins would have no order. IPv4-mapped addresses come back
/// as IPv4.
net::IpAddr forwarded_client(Fields fields, const net::IpAddr& peer, const net::PeerSet& trusted) noexcept;

enum class ForwardedField : std::uint8_t { kXForwardedFor, kForwarded };

/// The members of one of the two lists that trusted proxies vouch for: from the one that names `client` (what
/// forwarded_client found) on, in their order; at most the last kMost. None where no member names it.
struct VouchedMembers {
  static constexpr std::size_t kMost = 32;
  std::array<std::string_view, kMost> members;
  std::size_t count = 0;

  [[nodiscard]] std::span<const std::string_view> view() const noexcept { return {members.data(), count}; }
};
VouchedMembers vouched_members(Fields fields, ForwardedField which, const net::IpAddr& client) noexcept;

/// "http" or "https", as X-Forwarded-Proto says; "" where it is absent, repeated or anything else.
std::string_view forwarded_scheme(Fields fields) noexcept;

}  // namespace flare::http
