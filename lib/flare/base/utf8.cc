#include "flare/base/utf8.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>

#include "flare/base/utf8_kernel.h"

namespace flare {
namespace {

bool is_utf8_portable(const char* p, std::size_t size) noexcept {
  Utf8Checker checker;
  for (const char* const end = p + size; p != end;) {
    if (checker.is_complete() && end - p >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, p, sizeof word);
      if ((word & 0x8080808080808080) == 0) {
        p += 8;
        continue;
      }
    }
    if (!checker.take(*p++)) return false;
  }
  return checker.is_complete();
}

using Function = bool (*)(const char*, std::size_t) noexcept;

Function function_for(Simd simd) noexcept {
  switch (simd) {
    case Simd::kPortable: return is_utf8_portable;
    case Simd::kSse: return detail::is_utf8_sse;
    case Simd::kAvx2: return detail::is_utf8_avx2;
    case Simd::kAvx512: return detail::is_utf8_avx512;
  }
  return is_utf8_portable;
}

bool choose(const char* p, std::size_t size) noexcept;

/// Begins as the function that replaces it.
constinit std::atomic<Function> chosen = choose;

bool choose(const char* p, std::size_t size) noexcept {
  const Function best = function_for(best_simd());
  chosen.store(best, std::memory_order_relaxed);
  return best(p, size);
}

/// How many bytes of `text` stand before the character that its end may cut; at most three are left.
std::size_t whole_characters(std::string_view text) noexcept {
  const std::size_t most = std::min<std::size_t>(text.size(), 3);
  for (std::size_t back = 1; back <= most; ++back) {
    const auto byte = static_cast<std::uint8_t>(text[text.size() - back]);
    if (byte >= 0xC0) return text.size() - back;  // whole or not: who takes the rest will see
    if (byte < 0x80) break;
  }
  return text.size();
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  return chosen.load(std::memory_order_relaxed)(text.data(), text.size());
}

bool is_utf8(std::string_view text, Simd simd) noexcept { return function_for(simd)(text.data(), text.size()); }

bool Utf8Checker::take(std::string_view piece) noexcept {
  while (!is_complete() && !piece.empty()) {
    if (!take(piece.front())) return false;
    piece.remove_prefix(1);
  }
  const std::size_t whole = whole_characters(piece);
  if (!is_utf8(piece.substr(0, whole))) return false;
  return std::ranges::all_of(piece.substr(whole), [this](char c) { return take(c); });
}

}  // namespace flare
