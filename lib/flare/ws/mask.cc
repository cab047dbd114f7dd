#include "flare/ws/mask.h"

#include <atomic>
#include <bit>
#include <cstring>

namespace flare::ws {
namespace {

/// XORs the kBytes bytes at `p` with the key that begins there. The function that this is inlined into says by its
/// target how wide a register may be.
template <std::size_t kBytes>
[[gnu::always_inline]] inline void mask_block(char* p, std::uint32_t key) noexcept {
  if constexpr (kBytes < 4) {
    for (std::size_t i = 0; i < kBytes; ++i) p[i] = static_cast<char>(p[i] ^ static_cast<char>(key >> (8 * i)));
  } else {
    typedef std::uint32_t Words
        __attribute__((vector_size(kBytes)));  // never an argument or a result: those have an ABI
    Words words;
    std::memcpy(&words, p, kBytes);
    words ^= Words{} + key;
    std::memcpy(p, &words, kBytes);
  }
}

/// `count` < 2 * kBytes: the blocks of its binary digits, the largest first. No byte is touched twice: what reads the
/// memory next need not wait until several stores have come together.
template <std::size_t kBytes>
[[gnu::always_inline]] inline void mask_rest(char* p, std::size_t count, std::uint32_t key) noexcept {
  if ((count & kBytes) != 0) {
    mask_block<kBytes>(p, key);
    p += kBytes;
    if constexpr (kBytes < 4) key = std::rotr(key, 8 * kBytes);
  }
  if constexpr (kBytes > 1) mask_rest<kBytes / 2>(p, count, key);
}

/// The same with the smallest first: up to an aligned address. Gives the key for what follows.
template <std::size_t kBytes, std::size_t kWidth>
[[gnu::always_inline]] inline std::uint32_t mask_lead(char* p, std::size_t count, std::uint32_t key) noexcept {
  if ((count & kBytes) != 0) {
    mask_block<kBytes>(p, key);
    p += kBytes;
    if constexpr (kBytes < 4) key = std::rotr(key, 8 * kBytes);
  }
  if constexpr (2 * kBytes < kWidth) return mask_lead<2 * kBytes, kWidth>(p, count, key);
  return key;
}

template <std::size_t kWidth>
[[gnu::always_inline]] inline void mask_all(char* p, std::size_t size, std::uint32_t key) noexcept {
  if (size >= 2 * kWidth) {
    const std::size_t lead = (0 - reinterpret_cast<std::uintptr_t>(p)) % kWidth;
    key = mask_lead<1, kWidth>(p, lead, key);
    p += lead;
    size -= lead;
    for (; size >= 4 * kWidth; p += 4 * kWidth, size -= 4 * kWidth) {
      mask_block<kWidth>(p, key);
      mask_block<kWidth>(p + kWidth, key);
      mask_block<kWidth>(p + 2 * kWidth, key);
      mask_block<kWidth>(p + 3 * kWidth, key);
    }
    for (; size >= kWidth; p += kWidth, size -= kWidth) mask_block<kWidth>(p, key);
  }
  mask_rest<kWidth>(p, size, key);
}

void mask_portable(char* p, std::size_t size, std::uint32_t key) noexcept { mask_all<8>(p, size, key); }
void mask_sse(char* p, std::size_t size, std::uint32_t key) noexcept { mask_all<16>(p, size, key); }
[[gnu::target("avx2")]] void mask_avx2(char* p, std::size_t size, std::uint32_t key) noexcept {
  mask_all<32>(p, size, key);
}
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]] void mask_avx512(char* p, std::size_t size,
                                                                       std::uint32_t key) noexcept {
  mask_all<64>(p, size, key);
}

using Function = void (*)(char*, std::size_t, std::uint32_t) noexcept;

Function function_for(Simd simd) noexcept {
  switch (simd) {
    case Simd::kPortable: return mask_portable;
    case Simd::kSse: return mask_sse;
    case Simd::kAvx2: return mask_avx2;
    case Simd::kAvx512: return mask_avx512;
  }
  return mask_portable;
}

void choose(char* p, std::size_t size, std::uint32_t key) noexcept;

/// Begins as the function that replaces it.
constinit std::atomic<Function> chosen = choose;

void choose(char* p, std::size_t size, std::uint32_t key) noexcept {
  const Function best = function_for(best_simd());
  chosen.store(best, std::memory_order_relaxed);
  best(p, size, key);
}

}  // namespace

MaskingKey apply_mask(std::span<char> bytes, MaskingKey key) noexcept {
  chosen.load(std::memory_order_relaxed)(bytes.data(), bytes.size(), key.word());
  return key.after(bytes.size());
}

MaskingKey apply_mask(std::span<char> bytes, MaskingKey key, Simd simd) noexcept {
  function_for(simd)(bytes.data(), bytes.size(), key.word());
  return key.after(bytes.size());
}

}  // namespace flare::ws
