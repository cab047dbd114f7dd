// What a rate limit adds to a request: hashing who asks, and taking a token.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "flare/handlers/rate_limit.h"

namespace flare::handlers {
namespace {

using namespace std::chrono_literals;

constexpr TokenBuckets::Options kWide{.requests = 1'000'000'000, .per = 1s, .burst = 1'000'000'000};

TokenBuckets& shared_buckets() {
  static TokenBuckets buckets(kWide);
  return buckets;
}

/// Threads that all take from one key (0) or each from many of their own.
void take(benchmark::State& state) {
  TokenBuckets& buckets = shared_buckets();
  const auto keys = static_cast<std::uint64_t>(state.range(0));
  const auto thread = static_cast<std::uint64_t>(state.thread_index());
  std::uint64_t number = 0;
  for (auto _ : state) {
    const std::uint64_t key = keys == 0 ? 0 : (number++ % keys) * 0x9E3779B97F4A7C15 + thread;
    benchmark::DoNotOptimize(buckets.take({.low = key, .high = key >> 20}, runtime::TimePoint(1'000'000ms)));
  }
}
BENCHMARK(take)->Arg(0)->Arg(10'000)->Arg(1'000'000)->Threads(1)->Threads(2)->UseRealTime();

void admit(benchmark::State& state, const char* key) {
  RateLimiter limiter({.key = RateKey::parse(key).value(), .buckets = kWide});
  const std::string bytes =
      "GET / HTTP/1.1\r\nHost: www.example.com\r\nX-Key: 0123456789abcdef0123456789abcdef\r\n\r\n";
  const http::Limits limits;
  http::Request request;
  if (request.parse(bytes, limits) != bytes.size()) std::abort();
  request.set_peer(net::SocketAddr::localhost(1), false);
  for (auto _ : state) benchmark::DoNotOptimize(limiter.take(request));
}
BENCHMARK_CAPTURE(admit, client_ip, "client_ip");
BENCHMARK_CAPTURE(admit, header, "header:X-Key");
BENCHMARK_CAPTURE(admit, host, "host");

}  // namespace
}  // namespace flare::handlers
