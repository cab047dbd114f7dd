// Token buckets for many keys in memory of a fixed size, shared by threads. Pure: the time is a parameter.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "flare/base/exception.h"
#include "flare/base/siphash.h"
#include "flare/runtime/timer_wheel.h"

namespace flare::runtime {

/// A rate, burst or size that cannot be. Says which.
class RateLimitError : public Exception {
  using Exception::Exception;
};

/// Each key has a bucket of `burst` tokens that refills at `requests` per `per`: of one key's takes within any time t
/// at most burst + requests * t / per succeed, whatever threads they come from. Whole numbers, nothing is ever rounded.
/// `slots` keys are remembered, allocated once; a new key beyond that takes the place of the least recently seen one of
/// its shard. Constant time, no allocation.
///
/// A key lives in one shard, and a shard has a spin lock. Not a compare-and-swap for each slot: a slot's owner, its
/// tokens and its place in the order of eviction have to change together, or two threads that meet a new key give it
/// two buckets, and one that is late pays from another key's. The locked section is some 20 ns long and calls nothing;
/// the swap it would replace fights for the same cache line.
class TokenBuckets {
 public:
  static constexpr std::size_t kDefaultSlots = 65'536;

  struct Options {
    std::uint64_t requests = 0;        ///< at least 1
    std::chrono::milliseconds per{0};  ///< at least 1 ms
    std::uint64_t burst = 1;           ///< at least 1
    std::size_t slots = kDefaultSlots;
  };

  /// Throws RateLimitError.
  explicit TokenBuckets(const Options& options);
  TokenBuckets(const TokenBuckets&) = delete;
  TokenBuckets& operator=(const TokenBuckets&) = delete;
  ~TokenBuckets();

  /// Takes a token: zero when there was one, else how long until there is one. `key` comes from a keyed hash; `now` may
  /// run behind what other threads said by the length of a turn, which gives nothing away.
  [[nodiscard]] std::chrono::milliseconds take(const Hash128& key, TimePoint now) noexcept;
  /// Undoes a take() that succeeded, for a request that something else refused.
  void give_back(const Hash128& key) noexcept;

  [[nodiscard]] std::uint64_t burst() const noexcept { return burst_; }

 private:
  class Shard;
  [[nodiscard]] Shard& shard_of(const Hash128& key) const noexcept;

  // A bucket is kept as what it lacks: a token is `cost_` of it, every millisecond earns `earn_`, `full_debt_` is none
  // left.
  std::uint64_t burst_;
  std::uint64_t cost_ = 0;
  std::uint64_t earn_ = 0;
  std::uint64_t full_debt_ = 0;
  std::size_t shard_count_;  ///< a power of two
  std::unique_ptr<Shard[]> shards_;
};

}  // namespace flare::runtime
