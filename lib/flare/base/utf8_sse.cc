// UTF-8 validation, 16 bytes at a time: SSE4.1, which the build has everywhere.
#include <immintrin.h>

#include "flare/base/utf8_kernel.h"

namespace flare::detail {
namespace {

struct Sse {
  static constexpr std::size_t kBytes = 16;
  __m128i lanes;

  static Sse zero() { return {_mm_setzero_si128()}; }
  static Sse all(std::uint8_t byte) { return {_mm_set1_epi8(static_cast<char>(byte))}; }
  static Sse load(const char* from) { return {_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))}; }
  /// Zeros follow the first `count` bytes.
  static Sse load_some(const char* from, std::size_t count) {
    alignas(64) char bytes[kBytes] = {};
    std::memcpy(bytes, from, count);
    return load(bytes);
  }
  static Sse lookup(const std::uint8_t (&table)[16], Sse nibbles) {
    const __m128i once = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table));
    return {_mm_shuffle_epi8(once, nibbles.lanes)};
  }
  Sse high_nibbles() const { return {_mm_and_si128(_mm_srli_epi16(lanes, 4), all(0x0F).lanes)}; }
  Sse low_nibbles() const { return {_mm_and_si128(lanes, all(0x0F).lanes)}; }
  /// Each byte's kCount-th predecessor; `before` is the vector before this one.
  template <int kCount>
  Sse shifted_in(Sse before) const {
    return {_mm_alignr_epi8(lanes, before.lanes, 16 - kCount)};
  }
  Sse minus_saturated(Sse other) const { return {_mm_subs_epu8(lanes, other.lanes)}; }
  Sse operator|(Sse other) const { return {_mm_or_si128(lanes, other.lanes)}; }
  Sse operator&(Sse other) const { return {_mm_and_si128(lanes, other.lanes)}; }
  Sse operator^(Sse other) const { return {_mm_xor_si128(lanes, other.lanes)}; }
  bool has_top_bits() const { return _mm_movemask_epi8(lanes) != 0; }
  bool is_not_zero() const { return _mm_testz_si128(lanes, lanes) == 0; }
};

}  // namespace

bool is_utf8_sse(const char* p, std::size_t size) noexcept { return validate_utf8<Sse>(p, size); }

}  // namespace flare::detail
