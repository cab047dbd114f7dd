// How often a client may begin a TLS handshake, the dearest thing that it can ask for (T-5).
#pragma once

#include <cstdint>

#include "flare/base/siphash.h"
#include "flare/net/ip_addr.h"
#include "flare/runtime/token_buckets.h"

namespace flare::http {

/// Any thread; all workers share it.
class HandshakeRate {
 public:
  /// At least one per hour; those of one second may come at once.
  explicit HandshakeRate(std::uint64_t per_hour);

  /// False: too many from this address, or this IPv6 /64. Clients on unix sockets are one.
  bool admit(const net::IpAddr& client, runtime::TimePoint now) noexcept;

 private:
  SipKey key_;
  runtime::TokenBuckets buckets_;
};

}  // namespace flare::http
