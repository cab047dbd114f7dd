#include "flare/http/handshake_rate.h"

#include <chrono>

namespace flare::http {

HandshakeRate::HandshakeRate(std::uint64_t per_hour)
    : key_(SipKey::random()),
      buckets_({.requests = per_hour, .per = std::chrono::hours(1), .burst = (per_hour + 3599) / 3600}) {}

bool HandshakeRate::admit(const net::IpAddr& client, runtime::TimePoint now) noexcept {
  return buckets_.take(siphash(key_, net::client_network(client)), now).count() == 0;
}

}  // namespace flare::http
