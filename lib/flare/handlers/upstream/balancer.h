// The choice of a server among an upstream pool (behaviour.md P-18). Pure: time and randomness are handed in.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <vector>

#include "flare/handlers/upstream/upstream_server.h"

namespace flare::handlers {

enum class Balance : std::uint8_t { kRoundRobin, kLeastConn, kP2cEwma, kHash };
enum class NoServer : std::uint8_t { kNone, kAllBusy, kNoneHealthy };

struct PickRequest {
  std::int64_t now = 0;                               ///< nanoseconds, monotonic
  std::uint64_t hash = 0;                             ///< of the key, for kHash
  const UpstreamServer* preferred = nullptr;          ///< goes before the policy where it can serve
  std::span<const UpstreamServer* const> tried = {};  ///< in this request
};

struct Pick {
  UpstreamServer* server = nullptr;  ///< lives as long as the balancer
  std::size_t index = 0;             ///< of it among the balancer's servers
  NoServer why = NoServer::kNone;    ///< set where server is null: kAllBusy may queue
};

struct BalanceOptions {
  Balance policy = Balance::kP2cEwma;
  std::int64_t slow_start = 0;   ///< nanoseconds
  bool require_healthy = false;  ///< unknown servers are not served
  bool serve_all = false;        ///< panic mode: where none is healthy, health is not asked
};

/// One worker's view of a pool; its servers are shared. Not for use by two threads. A pick allocates nothing.
class Balancer {
 public:
  using Servers = std::vector<std::shared_ptr<UpstreamServer>>;
  Balancer(Servers servers, BalanceOptions options, std::uint64_t seed);

  /// Does not count the request: the caller raises and lowers in_flight, so max_conns may be passed by one per worker.
  Pick pick(const PickRequest& request) noexcept;

 private:
  enum class State : std::uint8_t { kEligible, kBusy, kOut };
  State state(const UpstreamServer& server, const PickRequest& request, bool panic) const noexcept;
  Pick pick_preferred(const PickRequest& request) const noexcept;
  Pick pick_among(const PickRequest& request, bool backups, bool panic) noexcept;
  std::size_t better(const std::size_t (&sample)[2], const PickRequest& request) noexcept;
  bool wins(double chance) noexcept;
  double load(const UpstreamServer& server, const PickRequest& request) const noexcept;
  double cost(const UpstreamServer& server, const PickRequest& request) const noexcept;

  Servers servers_;
  BalanceOptions options_;
  std::vector<std::uint64_t> ids_;  // hashes of the addresses
  std::vector<double> credit_;      // of smooth weighted round robin
  std::minstd_rand random_;
};

}  // namespace flare::handlers
