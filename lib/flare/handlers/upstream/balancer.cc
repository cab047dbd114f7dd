#include "flare/handlers/upstream/balancer.h"

#include <cmath>
#include <utility>

#include "flare/base/siphash.h"

namespace flare::handlers {
namespace {

std::uint64_t mix(std::uint64_t x) noexcept {  // the finalizer of SplitMix64
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

// Weighted rendezvous: the least -ln(u)/weight wins; removing a server moves only its own keys.
double distance(std::uint64_t key, std::uint64_t id, double weight) noexcept {
  const auto u = (static_cast<double>(mix(key ^ id) >> 11) + 0.5) * 0x1p-53;
  return -std::log(u) / weight;
}

}  // namespace

Balancer::Balancer(Servers servers, BalanceOptions options, std::uint64_t seed)
    : servers_(std::move(servers)), options_(options), random_(static_cast<std::uint32_t>(mix(seed + 1))) {
  for (const auto& server : servers_) {
    ids_.push_back(siphash(SipKey{}, server->address).low);
    // A random start: workers do not march in step.
    credit_.push_back(std::uniform_real_distribution<>(0, server->weight)(random_));
  }
}

Balancer::State Balancer::state(const UpstreamServer& server, const PickRequest& request, bool panic) const noexcept {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  if (server.draining.load(kRelaxed) || std::ranges::find(request.tried, &server) != request.tried.end())
    return State::kOut;
  const auto health = server.health.load(kRelaxed);
  const bool sick = health == Health::kDown || (health == Health::kUnknown && options_.require_healthy) ||
                    server.ejected_until.load(kRelaxed) > request.now;
  if (sick && !panic) return State::kOut;
  // In one order with `waiting` of the pool: who looks here once more has said before that it waits (UpstreamPool).
  const bool busy = server.max_conns != 0 && server.in_flight.load(std::memory_order_seq_cst) >= server.max_conns;
  return busy ? State::kBusy : State::kEligible;
}

/// Of two taken at random the one with the least to wait for. Where one of them has not answered yet, its load alone
/// counts: nobody knows its pace, and all would run to it.
std::size_t Balancer::better(const std::size_t (&sample)[2], const PickRequest& request) noexcept {
  const auto& first = *servers_[sample[0]];
  const auto& second = *servers_[sample[1]];
  const bool known =
      first.ewma.load(std::memory_order_relaxed) != 0 && second.ewma.load(std::memory_order_relaxed) != 0;
  const double a = known ? cost(first, request) : load(first, request);
  const double b = known ? cost(second, request) : load(second, request);
  // Now and then the other one: who once was slow would never be asked again, and could not show that it is not.
  constexpr std::uint32_t kExplores = 32;
  const auto chance = static_cast<std::uint32_t>(random_());
  const bool second_wins = b < a || (a == b && chance / kExplores % 2 == 0);
  return second_wins != (chance % kExplores == 0) ? sample[1] : sample[0];
}

bool Balancer::wins(double chance) noexcept { return std::uniform_real_distribution<>(0, 1)(random_) < chance; }

double Balancer::load(const UpstreamServer& server, const PickRequest& request) const noexcept {
  return (server.in_flight.load(std::memory_order_relaxed) + 1.0) / server.weight_at(request.now, options_.slow_start);
}

double Balancer::cost(const UpstreamServer& server, const PickRequest& request) const noexcept {
  return load(server, request) * static_cast<double>(server.ewma.load(std::memory_order_relaxed));
}

Pick Balancer::pick_among(const PickRequest& request, bool backups, bool panic) noexcept {
  Pick best{.why = NoServer::kNoneHealthy};
  std::size_t best_at = 0;
  std::size_t eligible = 0;
  double best_value = 0;
  double total = 0;   // of all weights
  double equals = 0;  // of the weights of those as good as the best
  std::size_t sample[2] = {};
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    auto& server = *servers_[i];
    if (server.backup != backups) continue;
    const auto is = state(server, request, panic);
    if (is == State::kBusy) best.why = NoServer::kAllBusy;
    if (is != State::kEligible) continue;
    ++eligible;
    if (options_.policy == Balance::kP2cEwma) {  // a reservoir of two
      const auto at = eligible <= 2 ? eligible - 1 : random_() % eligible;
      if (at < 2) sample[at] = i;
      continue;
    }
    const auto weight = server.weight_at(request.now, options_.slow_start);
    double value = 0;
    if (options_.policy == Balance::kRoundRobin)
      value = -(credit_[i] += weight);
    else if (options_.policy == Balance::kHash)
      value = distance(request.hash, ids_[i], weight);
    else
      value = server.in_flight.load(std::memory_order_relaxed) / weight;
    total += weight;
    if (best.server != nullptr && value > best_value) continue;
    if (best.server == nullptr || value < best_value) equals = 0;
    equals += weight;
    // Where nobody is busy all have as little to do: the first one would get everything.
    if (equals > weight && (options_.policy != Balance::kLeastConn || !wins(weight / equals))) continue;
    best.server = &server, best_value = value, best_at = i;
  }
  if (options_.policy == Balance::kP2cEwma && eligible > 0) {
    best_at = eligible == 1 ? sample[0] : better(sample, request);
    best.server = servers_[best_at].get();
  } else if (options_.policy == Balance::kRoundRobin && best.server != nullptr) {
    credit_[best_at] -= total;
  }
  best.index = best_at;
  if (best.server != nullptr) best.why = NoServer::kNone;
  return best;
}

Pick Balancer::pick_preferred(const PickRequest& request) const noexcept {
  if (request.preferred == nullptr) return {};
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if (servers_[i].get() == request.preferred && state(*servers_[i], request, false) == State::kEligible)
      return {.server = servers_[i].get(), .index = i, .why = NoServer::kNone};
  }
  return {};
}

Pick Balancer::pick(const PickRequest& request) noexcept {
  const auto preferred = pick_preferred(request);
  if (preferred.server != nullptr) return preferred;
  const auto primary = pick_among(request, false, false);
  if (primary.server != nullptr) return primary;
  const auto backup = pick_among(request, true, false);
  if (backup.server != nullptr) return backup;
  if (primary.why == NoServer::kAllBusy || backup.why == NoServer::kAllBusy) return {.why = NoServer::kAllBusy};
  if (!options_.serve_all) return primary;
  const auto panic = pick_among(request, false, true);
  return panic.server != nullptr || panic.why == NoServer::kAllBusy ? panic : pick_among(request, true, true);
}

}  // namespace flare::handlers
