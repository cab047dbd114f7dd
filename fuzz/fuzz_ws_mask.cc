// Masking: every vector width gives what a loop over the bytes gives, in whatever pieces.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "flare/ws/mask.h"
#include "fuzz/split_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace flare;
  const fuzz::SplitInput split(data, size);
  if (split.input.size() < 4) return 0;
  const ws::MaskingKey key = ws::MaskingKey::load(split.input.data());

  std::string expected(split.input);
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = static_cast<char>(expected[i] ^ key.bytes()[i % 4]);
  for (const Simd simd : {Simd::kPortable, Simd::kSse, Simd::kAvx2, Simd::kAvx512}) {
    if (simd > best_simd()) break;
    ws::MaskingKey next = key;
    std::size_t begin = 0;
    for (const std::size_t end : split.ends) {
      // A copy of exactly that size: AddressSanitizer sees one byte too many.
      const std::unique_ptr<char[]> piece(new char[end - begin]);
      std::copy_n(split.input.data() + begin, end - begin, piece.get());
      next = ws::apply_mask({piece.get(), end - begin}, next, simd);
      if (!std::equal(piece.get(), piece.get() + (end - begin), expected.data() + begin)) std::abort();
      begin = end;
    }
    if (next != key.after(expected.size())) std::abort();
  }
  return 0;
}
