// UTF-8 validation, 32 bytes at a time. Compiled for AVX2: called where best_simd() says so.
#include <immintrin.h>

#include "flare/base/utf8_kernel.h"

namespace flare::detail {
namespace {

struct Avx2 {
  static constexpr std::size_t kBytes = 32;
  __m256i lanes;

  static Avx2 zero() { return {_mm256_setzero_si256()}; }
  static Avx2 all(std::uint8_t byte) { return {_mm256_set1_epi8(static_cast<char>(byte))}; }
  static Avx2 load(const char* from) { return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))}; }
  /// Zeros follow the first `count` bytes.
  static Avx2 load_some(const char* from, std::size_t count) {
    alignas(64) char bytes[kBytes] = {};
    std::memcpy(bytes, from, count);
    return load(bytes);
  }
  static Avx2 lookup(const std::uint8_t (&table)[16], Avx2 nibbles) {
    const __m128i once = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table));
    return {_mm256_shuffle_epi8(_mm256_broadcastsi128_si256(once), nibbles.lanes)};
  }
  Avx2 high_nibbles() const { return {_mm256_and_si256(_mm256_srli_epi16(lanes, 4), all(0x0F).lanes)}; }
  Avx2 low_nibbles() const { return {_mm256_and_si256(lanes, all(0x0F).lanes)}; }
  /// Each byte's kCount-th predecessor; `before` is the vector before this one.
  template <int kCount>
  Avx2 shifted_in(Avx2 before) const {
    const __m256i half_back = _mm256_permute2x128_si256(before.lanes, lanes, 0x21);
    return {_mm256_alignr_epi8(lanes, half_back, 16 - kCount)};
  }
  Avx2 minus_saturated(Avx2 other) const { return {_mm256_subs_epu8(lanes, other.lanes)}; }
  Avx2 operator|(Avx2 other) const { return {_mm256_or_si256(lanes, other.lanes)}; }
  Avx2 operator&(Avx2 other) const { return {_mm256_and_si256(lanes, other.lanes)}; }
  Avx2 operator^(Avx2 other) const { return {_mm256_xor_si256(lanes, other.lanes)}; }
  bool has_top_bits() const { return _mm256_movemask_epi8(lanes) != 0; }
  bool is_not_zero() const { return _mm256_testz_si256(lanes, lanes) == 0; }
};

}  // namespace

bool is_utf8_avx2(const char* p, std::size_t size) noexcept { return validate_utf8<Avx2>(p, size); }

}  // namespace flare::detail
