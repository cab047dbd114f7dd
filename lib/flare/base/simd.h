// Which vector instructions this machine has, for code that chooses at run time.
#pragma once

#include <cstdint>

namespace flare {

/// In ascending order: who has one has those before it. Builds target x86-64-v2, which has SSE4.2.
enum class Simd : std::uint8_t { kPortable, kSse, kAvx2, kAvx512 };

/// kAvx512: F, BW, DQ and VL. A system call's worth the first time (cpuid), then a load.
Simd best_simd() noexcept;

}  // namespace flare
