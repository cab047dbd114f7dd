// Finding the end of a token, a target or a field value, 16 bytes at a time. Internal to the parsers of this folder.
// A scanner may read up to kMinInput bytes before `end`, never at or after it: so many must lie before `end` in its
// input.
#pragma once

#include <tmmintrin.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "flare/base/ascii.h"

namespace flare::http::detail {

/// What may stand in a token (RFC 9110 §5.6.2), a request target, one before its '?', a field value (RFC 9110 §5.5),
/// the plain part of a host name that needs no closer look (RFC 3986 §3.2.2 without escapes and sub-delims), a number.
enum class ByteSet : std::uint8_t { kToken, kTarget, kTargetPath, kFieldValue, kPlainHost, kDigit };

constexpr bool contains(ByteSet set, char c) noexcept {
  switch (set) {
    case ByteSet::kToken: return ascii::is_token_char(c);
    // H-27 for '#'; the other three are no URI characters (RFC 3986 §2) and have been used to break out of logs and
    // pages.
    case ByteSet::kTarget: return c > 0x20 && c < 0x7F && c != '#' && c != '"' && c != '<' && c != '>';
    case ByteSet::kTargetPath: return c != '?' && contains(ByteSet::kTarget, c);
    case ByteSet::kFieldValue: return !ascii::is_control(c) || c == '\t';
    case ByteSet::kPlainHost: return ascii::is_alnum(c) || c == '-' || c == '.';
    case ByteSet::kDigit: return ascii::is_digit(c);
  }
  return false;
}

template <ByteSet kSet>
inline constexpr std::array<bool, 256> kMember = [] {
  std::array<bool, 256> table{};
  for (std::size_t i = 0; i < 256; ++i) table[i] = contains(kSet, static_cast<char>(i));
  return table;
}();

/// For a set within ASCII: bit h of entry l is set where the byte 0xhl is a member.
template <ByteSet kSet>
inline constexpr std::array<char, 16> kHighNibbles = [] {
  static_assert(!contains(kSet, '\x80'));
  std::array<char, 16> table{};
  for (unsigned low = 0; low < 16; ++low) {
    unsigned bits = 0;
    for (unsigned high = 0; high < 8; ++high) {
      if (contains(kSet, static_cast<char>(high << 4 | low))) bits |= 1U << high;
    }
    table[low] = static_cast<char>(bits);
  }
  return table;
}();

struct ScalarScan {
  static constexpr std::size_t kMinInput = 0;

  /// The first byte that is not in the set, or end.
  template <ByteSet kSet>
  static const char* skip(const char* p, const char* end) noexcept {
    while (p != end && kMember<kSet>[static_cast<unsigned char>(*p)]) ++p;
    return p;
  }
};

struct SseScan {
  static constexpr std::size_t kMinInput = 16;

  template <ByteSet kSet>
  static const char* skip(const char* p, const char* end) noexcept {
    return first(p, end, [](__m128i bytes) { return outside<kSet>(bytes); });
  }

 private:
  static __m128i load(const char* p) noexcept { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
  static std::uint32_t mask(__m128i lanes) noexcept { return static_cast<std::uint32_t>(_mm_movemask_epi8(lanes)); }

  template <class Hits>
  static const char* first(const char* p, const char* end, Hits hits) noexcept {
    for (; end - p >= 16; p += 16) {
      if (const std::uint32_t found = hits(load(p))) return p + std::countr_zero(found);
    }
    if (p == end) return end;
    // Fewer than 16 are left: look at the last 16 and drop those before p.
    const std::uint32_t found = hits(load(end - 16)) >> (16 - (end - p));
    return found != 0 ? p + std::countr_zero(found) : end;
  }

  template <ByteSet kSet>
  static std::uint32_t outside(__m128i bytes) noexcept {
    if constexpr (kSet == ByteSet::kFieldValue) {
      const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
      const __m128i tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
      const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7F));
      return mask(_mm_or_si128(_mm_andnot_si128(tab, control), del));
    } else {
      // A shuffle index with its top bit set gives 0, so bytes from 0x80 are outside without a check of their own.
      const __m128i allowed = _mm_shuffle_epi8(load(kHighNibbles<kSet>.data()), bytes);
      const __m128i high = _mm_and_si128(_mm_srli_epi16(bytes, 4), _mm_set1_epi8(0x0F));
      const __m128i bit = _mm_shuffle_epi8(_mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0), high);
      return mask(_mm_cmpeq_epi8(_mm_and_si128(allowed, bit), _mm_setzero_si128()));
    }
  }
};

}  // namespace flare::http::detail
