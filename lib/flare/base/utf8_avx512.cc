// UTF-8 validation, 64 bytes at a time. Compiled for AVX-512 (F, BW, DQ, VL): called where best_simd() says so.
#include <immintrin.h>

#include "flare/base/utf8_kernel.h"

namespace flare::detail {
namespace {

struct Avx512 {
  static constexpr std::size_t kBytes = 64;
  __m512i lanes;

  static Avx512 zero() { return {_mm512_setzero_si512()}; }
  static Avx512 all(std::uint8_t byte) { return {_mm512_set1_epi8(static_cast<char>(byte))}; }
  static Avx512 load(const char* from) { return {_mm512_loadu_si512(reinterpret_cast<const __m512i*>(from))}; }
  /// Zeros follow the first `count` bytes.
  static Avx512 load_some(const char* from, std::size_t count) {
    return {_mm512_maskz_loadu_epi8((__mmask64{1} << count) - 1, from)};
  }
  static Avx512 lookup(const std::uint8_t (&table)[16], Avx512 nibbles) {
    const __m128i once = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table));
    return {_mm512_shuffle_epi8(_mm512_broadcast_i32x4(once), nibbles.lanes)};
  }
  Avx512 high_nibbles() const { return {_mm512_and_si512(_mm512_srli_epi16(lanes, 4), all(0x0F).lanes)}; }
  Avx512 low_nibbles() const { return {_mm512_and_si512(lanes, all(0x0F).lanes)}; }
  /// Each byte's kCount-th predecessor; `before` is the vector before this one.
  template <int kCount>
  Avx512 shifted_in(Avx512 before) const {
    const __m512i quarter_back = _mm512_alignr_epi64(lanes, before.lanes, 6);
    return {_mm512_alignr_epi8(lanes, quarter_back, 16 - kCount)};
  }
  Avx512 minus_saturated(Avx512 other) const { return {_mm512_subs_epu8(lanes, other.lanes)}; }
  Avx512 operator|(Avx512 other) const { return {_mm512_or_si512(lanes, other.lanes)}; }
  Avx512 operator&(Avx512 other) const { return {_mm512_and_si512(lanes, other.lanes)}; }
  Avx512 operator^(Avx512 other) const { return {_mm512_xor_si512(lanes, other.lanes)}; }
  bool has_top_bits() const { return _mm512_movepi8_mask(lanes) != 0; }
  bool is_not_zero() const { return _mm512_test_epi64_mask(lanes, lanes) != 0; }
};

}  // namespace

bool is_utf8_avx512(const char* p, std::size_t size) noexcept { return validate_utf8<Avx512>(p, size); }

}  // namespace flare::detail
