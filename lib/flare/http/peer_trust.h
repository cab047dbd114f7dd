// Whose word counts for where a request comes from: a proxy in front may name the client.
#pragma once

#include <cstdint>

#include "flare/net/cidr.h"

namespace flare::http {

/// Whether connections begin with a PROXY header (net/proxy_header.h).
enum class ProxyProtocol : std::uint8_t {
  kOff,      ///< never: one is a malformed request
  kAccept,   ///< from the peers in proxy_from, and only if they send one
  kRequire,  ///< always: connections without one, and those of other peers, are closed without a byte (P-22)
};

/// For the connections of one listener.
struct PeerTrust {
  ProxyProtocol proxy_protocol = ProxyProtocol::kOff;
  net::PeerSet proxy_from;       ///< who may send a PROXY header; by the socket's peer
  net::PeerSet trusted_proxies;  ///< whose X-Forwarded-For, Forwarded and X-Forwarded-Proto count (forwarded.h); by
                                 ///< the socket's peer, or the source that its PROXY header names

  [[nodiscard]] bool reads_proxy_header(const net::SocketAddr& peer) const noexcept {
    return proxy_protocol != ProxyProtocol::kOff && proxy_from.contains(peer);
  }
  [[nodiscard]] bool refuses(const net::SocketAddr& peer) const noexcept {
    return proxy_protocol == ProxyProtocol::kRequire && !proxy_from.contains(peer);
  }
};

}  // namespace flare::http
