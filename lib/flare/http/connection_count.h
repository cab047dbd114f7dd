// How many connections there may be, in all and of one client (behaviour.md L-3).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <expected>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "flare/base/reason.h"
#include "flare/net/ip_addr.h"

namespace flare::http {

/// Shared by all workers: any thread. Counting costs an atomic step, and a short lock of one of many shards where
/// `per_ip` is asked for; a connection pays it twice in its life, a request never. Outlives its places.
class ConnectionCount {
 public:
  /// `per_ip` 0: as many as there are.
  ConnectionCount(std::uint32_t connections, std::uint32_t per_ip);
  ConnectionCount(const ConnectionCount&) = delete;
  ConnectionCount& operator=(const ConnectionCount&) = delete;

  /// What a connection holds as long as it lives.
  class Place {
   public:
    Place() noexcept = default;
    Place(Place&& other) noexcept : count_(std::exchange(other.count_, nullptr)), client_(other.client_) {}
    Place& operator=(Place&&) = delete;
    /// Counts for `client` too, who became known only now; kPerIp where he has no place left, else kNone. Once.
    Reason count_for(const net::IpAddr& client);
    ~Place() {
      if (count_ != nullptr) count_->leave(client_);
    }

   private:
    friend class ConnectionCount;
    Place(ConnectionCount& count, std::uint64_t client) noexcept : count_(&count), client_(client) {}
    ConnectionCount* count_ = nullptr;
    std::uint64_t client_ = 0;
  };

  /// A place, or why there is none: kConnections or kPerIp. `client` unspecified (a unix socket): counted in all only.
  std::expected<Place, Reason> enter(const net::IpAddr& client);
  [[nodiscard]] std::uint32_t size() const noexcept { return all_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kShards = 64;
  static constexpr std::uint64_t kNobody = 0;

  /// Keyed by chance, so that nobody can choose addresses that meet in one bucket.
  struct Hash {
    Hash() noexcept : seed(0) {}
    std::uint64_t seed;
    std::size_t operator()(std::uint64_t client) const noexcept;
  };
  struct alignas(64) Shard {
    std::mutex mutex;
    std::unordered_map<std::uint64_t, std::uint32_t, Hash> clients;
  };

  /// IPv4 by address, IPv6 by /64: what one subscriber has.
  static std::uint64_t key_of(const net::IpAddr& client) noexcept;
  Shard& shard_of(std::uint64_t client) noexcept { return shards_[hash_(client) % kShards]; }
  /// False: this client has all he may have.
  bool add_client(std::uint64_t client);
  void leave(std::uint64_t client) noexcept;

  std::uint32_t connections_;
  std::uint32_t per_ip_;
  Hash hash_;
  std::atomic<std::uint32_t> all_{0};
  std::array<Shard, kShards> shards_;
};

}  // namespace flare::http
