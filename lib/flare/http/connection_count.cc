#include "flare/http/connection_count.h"

#include <bit>
#include <cstring>
#include <random>

namespace flare::http {

std::size_t ConnectionCount::Hash::operator()(std::uint64_t client) const noexcept {
  // Two rounds of multiply and fold: every bit of the client and the seed reaches every bit of the result.
  std::uint64_t mixed = client ^ seed;
  for (const std::uint64_t odd : {0x9e3779b97f4a7c15ULL, 0xd6e8feb86659fd93ULL}) {
    mixed *= odd;
    mixed ^= std::rotr(mixed, 32) + seed;
  }
  return mixed;
}

ConnectionCount::ConnectionCount(std::uint32_t connections, std::uint32_t per_ip)
    : connections_(connections), per_ip_(per_ip) {
  std::random_device random;
  hash_.seed = std::uint64_t{random()} << 32 | random();
  for (Shard& shard : shards_) shard.clients = std::unordered_map<std::uint64_t, std::uint32_t, Hash>(16, hash_);
}

std::uint64_t ConnectionCount::key_of(const net::IpAddr& client) noexcept {
  const net::IpAddr ip = client.unmapped();
  if (ip.is_unspecified()) return kNobody;
  std::uint64_t key = 0;
  std::memcpy(&key, ip.bytes().data(), ip.is_v4() ? 4 : 8);
  if (ip.is_v4()) return key | 0xffffffffULL << 32;  // no IPv6 client has a prefix like that,
  return key == kNobody ? 1 : key;                   // nor one that ::/64 could be mixed up with
}

std::expected<ConnectionCount::Place, Reason> ConnectionCount::enter(const net::IpAddr& client) {
  if (all_.fetch_add(1, std::memory_order_relaxed) >= connections_) {
    all_.fetch_sub(1, std::memory_order_relaxed);
    return std::unexpected(Reason::kConnections);
  }
  Place place(*this, kNobody);
  if (const Reason why = place.count_for(client); why != Reason::kNone) return std::unexpected(why);
  return place;
}

Reason ConnectionCount::Place::count_for(const net::IpAddr& client) {
  if (count_ == nullptr || count_->per_ip_ == 0) return Reason::kNone;
  const std::uint64_t key = key_of(client);
  if (key == kNobody) return Reason::kNone;
  if (!count_->add_client(key)) return Reason::kPerIp;
  client_ = key;
  return Reason::kNone;
}

bool ConnectionCount::add_client(std::uint64_t client) {
  Shard& shard = shard_of(client);
  const std::lock_guard lock(shard.mutex);
  std::uint32_t& present = shard.clients[client];
  if (present >= per_ip_) return false;
  ++present;
  return true;
}

void ConnectionCount::leave(std::uint64_t client) noexcept {
  all_.fetch_sub(1, std::memory_order_relaxed);
  if (client == kNobody) return;
  Shard& shard = shard_of(client);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.clients.find(client);
  if (--found->second == 0) shard.clients.erase(found);
}

}  // namespace flare::http
