// Latencies in buckets of 1 µs up to 1 s; slower ones count as 1 s.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

namespace bench {

class Histogram {
 public:
  void add(std::chrono::steady_clock::duration latency) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(latency).count();
    ++buckets_[static_cast<std::size_t>(std::clamp<std::int64_t>(us, 0, kBuckets - 1))];
    ++count_;
  }

  std::size_t percentile(double fraction) const {
    const auto wanted = static_cast<std::uint64_t>(fraction * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t us = 0; us < buckets_.size(); ++us) {
      seen += buckets_[us];
      if (seen > wanted) return us;
    }
    return buckets_.size();
  }

 private:
  static constexpr std::int64_t kBuckets = 1'000'000;
  std::vector<std::uint64_t> buckets_ = std::vector<std::uint64_t>(kBuckets);
  std::uint64_t count_ = 0;
};

}  // namespace bench
