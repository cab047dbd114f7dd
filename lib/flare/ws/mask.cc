#include "flare/ws/mask.h"

#include <atomic>

namespace flare::ws {
namespace {

/// `kWidth` bytes in one register; the function that a loop over them is inlined into says by its target which.
template <std::size_t kWidth>
struct Lanes {
  typedef std::uint32_t Vector __attribute__((vector_size(kWidth)));
  static_assert(sizeof(Vector) == kWidth);
};

template <class Word>
[[gnu::always_inline]] inline Word load(const char* from) noexcept {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}
template <class Word>
[[gnu::always_inline]] inline void store(char* to, const Word& word) noexcept {
  std::memcpy(to, &word, sizeof word);
}

/// sizeof(Word) <= size <= 2 * sizeof(Word): two words that may overlap, both read before either is written.
template <class Word>
[[gnu::always_inline]] inline void mask_ends(char* p, std::size_t size, std::uint32_t key) noexcept {
  char* const tail = p + size - sizeof(Word);
  const std::uint64_t twice = std::uint64_t{key} << 32 | key;
  const std::uint64_t behind = std::rotr(twice, static_cast<int>((size - sizeof(Word)) % 4 * 8));
  const Word first = static_cast<Word>(load<Word>(p) ^ static_cast<Word>(twice));
  const Word last = static_cast<Word>(load<Word>(tail) ^ static_cast<Word>(behind));
  store(p, first);
  store(tail, last);
}

[[gnu::always_inline]] inline void mask_short(char* p, std::size_t size, std::uint32_t key) noexcept {
  if (size >= 8) return mask_ends<std::uint64_t>(p, size, key);
  if (size >= 4) return mask_ends<std::uint32_t>(p, size, key);
  for (; size != 0; --size, ++p, key = std::rotr(key, 8)) *p = static_cast<char>(*p ^ static_cast<char>(key));
}

/// Whole vectors from the first aligned address on, four in a round. The two at the ends overlap them: they are read
/// before and written after, and give the shared bytes the same values.
template <std::size_t kWidth>
[[gnu::always_inline]] inline void mask_vectors(char* p, std::size_t size, std::uint32_t key) noexcept {
  using Vector = typename Lanes<kWidth>::Vector;  // never an argument or a result: those have an ABI
  char* const tail = p + size - kWidth;
  const std::size_t lead = kWidth - reinterpret_cast<std::uintptr_t>(p) % kWidth;
  const Vector aligned = Vector{} + std::rotr(key, static_cast<int>(lead % 4 * 8));
  Vector first;
  Vector last;
  std::memcpy(&first, p, kWidth);
  std::memcpy(&last, tail, kWidth);
  first ^= Vector{} + key;
  last ^= Vector{} + std::rotr(key, static_cast<int>((size - kWidth) % 4 * 8));

  char* at = p + lead;
  for (; tail - at >= static_cast<std::ptrdiff_t>(3 * kWidth); at += 4 * kWidth) {
    Vector round[4];
    std::memcpy(round, at, sizeof round);
    for (Vector& vector : round) vector ^= aligned;
    std::memcpy(at, round, sizeof round);
  }
  for (; at < tail; at += kWidth) {
    Vector vector;
    std::memcpy(&vector, at, kWidth);
    vector ^= aligned;
    std::memcpy(at, &vector, kWidth);
  }
  std::memcpy(p, &first, kWidth);
  std::memcpy(tail, &last, kWidth);
}

void mask_portable(char* p, std::size_t size, std::uint32_t key) noexcept {
  const std::uint64_t twice = std::uint64_t{key} << 32 | key;
  for (; size > 16; size -= 8, p += 8) store(p, load<std::uint64_t>(p) ^ twice);
  mask_short(p, size, key);
}
void mask_sse(char* p, std::size_t size, std::uint32_t key) noexcept {
  size < 16 ? mask_short(p, size, key) : mask_vectors<16>(p, size, key);
}
[[gnu::target("avx2")]] void mask_avx2(char* p, std::size_t size, std::uint32_t key) noexcept {
  size < 32 ? mask_sse(p, size, key) : mask_vectors<32>(p, size, key);
}
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]] void mask_avx512(char* p, std::size_t size,
                                                                       std::uint32_t key) noexcept {
  size < 64 ? mask_avx2(p, size, key) : mask_vectors<64>(p, size, key);
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
