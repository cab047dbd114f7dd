#include "flare/runtime/token_buckets.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <mutex>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "flare/base/spin_lock.h"

namespace flare::runtime {
namespace {

constexpr std::size_t kMaxShards = 64;
// Below this a shard would be full long before the table is: keys spread unevenly.
constexpr std::size_t kSlotsPerShard = 1024;
constexpr std::size_t kMaxSlots = std::size_t{1} << 31;
constexpr std::size_t kCacheLine = 64;

void check(bool good, const char* what) {
  if (!good) throw RateLimitError(std::string("rate limit: ") + what);
}

}  // namespace

/// Buckets in a list by when they were last seen, and a hash table over it. The last bucket is the list's two ends.
class alignas(kCacheLine) TokenBuckets::Shard {
 public:
  struct Bucket {
    Hash128 key;
    std::uint64_t debt = 0;
    TimePoint updated{};
    std::uint32_t next = 0;  ///< of those with the same head
    std::uint32_t newer = 0;
    std::uint32_t older = 0;
  };

  void allocate(std::size_t slots) {
    buckets_.resize(slots + 1);
    heads_.assign(std::bit_ceil(slots), kNone);
    for (std::uint32_t at = 0; at < buckets_.size(); ++at) {
      buckets_[at].older = at == 0 ? ends() : at - 1;
      buckets_[at].newer = at == ends() ? 0 : at + 1;
    }
  }

  /// nullptr where the key is not known.
  Bucket* find(const Hash128& key) noexcept {
    std::uint32_t at = head(key);
    while (at != kNone && buckets_[at].key != key) at = buckets_[at].next;
    return at == kNone ? nullptr : &buckets_[at];
  }
  /// The key's bucket, a full one where the key was not known.
  Bucket& touch(const Hash128& key) noexcept {
    Bucket* bucket = find(key);
    if (bucket == nullptr) bucket = &replace_oldest(key);
    make_newest(*bucket);
    return *bucket;
  }

  SpinLock lock;

 private:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  [[nodiscard]] std::uint32_t ends() const noexcept { return static_cast<std::uint32_t>(buckets_.size() - 1); }
  std::uint32_t& head(const Hash128& key) noexcept { return heads_[key.high & (heads_.size() - 1)]; }

  Bucket& replace_oldest(const Hash128& key) noexcept {
    const std::uint32_t at = buckets_[ends()].newer;
    Bucket& bucket = buckets_[at];
    if (used_ < ends()) {
      ++used_;  // those never used are the oldest
    } else {
      std::uint32_t* link = &head(bucket.key);
      while (*link != at) link = &buckets_[*link].next;
      *link = bucket.next;
    }
    bucket.key = key;
    bucket.debt = 0;
    bucket.updated = {};
    bucket.next = std::exchange(head(key), at);
    return bucket;
  }

  void make_newest(Bucket& bucket) noexcept {
    const auto at = static_cast<std::uint32_t>(&bucket - buckets_.data());
    buckets_[bucket.older].newer = bucket.newer;
    buckets_[bucket.newer].older = bucket.older;
    Bucket& end = buckets_[ends()];
    bucket.older = end.older;
    bucket.newer = ends();
    buckets_[end.older].newer = at;
    end.older = at;
  }

  std::uint32_t used_ = 0;
  std::vector<Bucket> buckets_;
  std::vector<std::uint32_t> heads_;  ///< a power of two of them
};

TokenBuckets::TokenBuckets(const Options& options)
    : burst_(options.burst),
      shard_count_(std::bit_floor(std::clamp(options.slots / kSlotsPerShard, std::size_t{1}, kMaxShards))) {
  check(options.requests != 0 && options.per.count() > 0, "a rate is at least one request in some time");
  check(options.burst != 0, "the burst is at least 1");
  check(options.slots != 0 && options.slots < kMaxSlots, "there are 1 to 2^31 slots");
  const auto per = static_cast<std::uint64_t>(options.per.count());
  const std::uint64_t common = std::gcd(options.requests, per);
  earn_ = options.requests / common;
  cost_ = per / common;
  check(!__builtin_mul_overflow(cost_, burst_, &full_debt_), "the burst is too large for so low a rate");
  shards_ = std::make_unique<Shard[]>(shard_count_);
  const std::size_t rest = options.slots % shard_count_;
  for (std::size_t i = 0; i < shard_count_; ++i) shards_[i].allocate(options.slots / shard_count_ + (i < rest ? 1 : 0));
}

TokenBuckets::~TokenBuckets() = default;

TokenBuckets::Shard& TokenBuckets::shard_of(const Hash128& key) const noexcept {
  return shards_[key.low & (shard_count_ - 1)];
}

std::chrono::milliseconds TokenBuckets::take(const Hash128& key, TimePoint now) noexcept {
  Shard& shard = shard_of(key);
  std::uint64_t debt = 0;
  {
    const std::lock_guard guard(shard.lock);
    Shard::Bucket& bucket = shard.touch(key);
    if (now > bucket.updated) {
      std::uint64_t earned = 0;
      const auto elapsed = static_cast<std::uint64_t>((now - bucket.updated).count());
      const bool all = __builtin_mul_overflow(elapsed, earn_, &earned) || earned >= bucket.debt;
      bucket.debt = all ? 0 : bucket.debt - earned;
      bucket.updated = now;
    }
    if (bucket.debt <= full_debt_ - cost_) {
      bucket.debt += cost_;
      return std::chrono::milliseconds::zero();
    }
    debt = bucket.debt;
  }
  const std::uint64_t lacking = debt - (full_debt_ - cost_);
  return std::chrono::milliseconds((lacking + earn_ - 1) / earn_);
}

void TokenBuckets::give_back(const Hash128& key) noexcept {
  Shard& shard = shard_of(key);
  const std::lock_guard guard(shard.lock);
  if (Shard::Bucket* bucket = shard.find(key)) bucket->debt -= std::min(bucket->debt, cost_);
}

}  // namespace flare::runtime
