// UTF-8: every vector width says what the scalar checker says, and so do pieces, cut anywhere.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "flare/base/utf8.h"
#include "fuzz/split_input.h"

namespace {

using namespace flare;

void check(bool holds) {
  if (!holds) std::abort();
}

/// How many bytes are taken before the first that is refused.
std::size_t taken_by_byte(Utf8Checker& checker, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!checker.take(text[i])) return i;
  }
  return text.size();
}

/// A copy of exactly that size: AddressSanitizer sees one byte too many.
bool take_copy(Utf8Checker& checker, std::string_view text) {
  const std::unique_ptr<char[]> copy(new char[text.size()]);
  std::ranges::copy(text, copy.get());
  return checker.take(std::string_view(copy.get(), text.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::SplitInput split(data, size);
  // Runs of ASCII around it: the paths for them, and every place within a vector.
  const std::string text = std::string(split.narrow ? 0 : size % 67, 'a') + std::string(split.input) +
                           std::string(split.narrow ? 0 : size % 131, 'b');

  Utf8Checker reference;
  const std::size_t valid = taken_by_byte(reference, text);
  const bool whole = valid == text.size() && reference.is_complete();
  for (const Simd simd : {Simd::kPortable, Simd::kSse, Simd::kAvx2, Simd::kAvx512}) {
    if (simd > best_simd()) break;
    const std::unique_ptr<char[]> copy(new char[text.size()]);
    std::ranges::copy(text, copy.get());
    check(is_utf8({copy.get(), text.size()}, simd) == whole);
  }

  for (std::size_t cut = 0; cut <= std::min<std::size_t>(text.size(), 400); ++cut) {
    Utf8Checker checker;
    const std::string_view all = text;
    const bool first = take_copy(checker, all.substr(0, cut));
    check(first == (valid >= cut));
    if (!first) break;
    const bool second = take_copy(checker, all.substr(cut));
    check(second == (valid == text.size()));
    if (second) check(checker.is_complete() == reference.is_complete());
  }
  return 0;
}
