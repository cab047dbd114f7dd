#include "flare/base/simd.h"

namespace flare {
namespace {

Simd detect() noexcept {
  __builtin_cpu_init();  // these ask the system too whether it keeps the registers (XCR0)
  if (!__builtin_cpu_supports("avx2")) return Simd::kSse;
  const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return wide ? Simd::kAvx512 : Simd::kAvx2;
}

}  // namespace

Simd best_simd() noexcept {
  static const Simd best = detect();
  return best;
}

}  // namespace flare
