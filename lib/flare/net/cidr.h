// Networks of addresses (CIDR, RFC 4632 §3.1), and sets of peers that rules name by them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flare/net/ip_addr.h"
#include "flare/net/socket_addr.h"

namespace flare::net {

/// A network: the first `bits` bits of `base`, the rest of which are zero.
struct Cidr {
  IpAddr base;
  unsigned bits = 0;

  /// "10.0.0.0/8", "2001:db8::/32" or one address. Bits beyond the prefix must be zero: "10.0.0.1/8" is a slip.
  static std::optional<Cidr> try_parse(std::string_view text) noexcept;
  /// An IPv4 network holds no IPv6 address, not even a mapped one: see IpAddr::unmapped().
  [[nodiscard]] bool contains(const IpAddr& ip) const noexcept;
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const Cidr&, const Cidr&) = default;
};

/// Whether some address lies in both.
bool overlap(const Cidr& a, const Cidr& b) noexcept;

/// Peers that a rule is about. Unix sockets have no addresses: whoever may connect there is in the set or is not.
struct PeerSet {
  std::vector<Cidr> networks;
  bool unix_peers = false;

  [[nodiscard]] bool empty() const noexcept { return networks.empty() && !unix_peers; }
  /// An IPv4-mapped IPv6 address counts as the IPv4 address it stands for.
  [[nodiscard]] bool contains(const IpAddr& ip) const noexcept;
  /// `peer` as accept gives it: unspecified on a unix socket.
  [[nodiscard]] bool contains(const SocketAddr& peer) const noexcept {
    return peer == SocketAddr() ? unix_peers : contains(peer.ip());
  }

  friend bool operator==(const PeerSet&, const PeerSet&) = default;
};

}  // namespace flare::net
