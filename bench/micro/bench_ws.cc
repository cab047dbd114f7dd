// Masking and UTF-8 validation against memcpy and against loops over the bytes, in one run. Run it on an idle core,
// with
// --benchmark_repetitions.
#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "flare/base/utf8.h"
#include "flare/ws/mask.h"

namespace {

using namespace flare;

constexpr std::array kSizes = {std::size_t{32}, std::size_t{1024}, std::size_t{64 * 1024}, std::size_t{1024 * 1024}};
constexpr std::array<std::string_view, 4> kNames = {"portable", "sse", "avx2", "avx512"};

/// As a frame's payload lies: not aligned to anything.
constexpr std::size_t kOffset = 6;

struct Bytes {
  explicit Bytes(std::size_t size) : memory(size + 64 + kOffset), size(size) {}
  char* data() { return memory.data() + kOffset; }
  std::vector<char> memory;
  std::size_t size;
};

void count(benchmark::State& state, std::size_t size) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(size));
}

void copy(benchmark::State& state, std::size_t size) {
  Bytes from(size);
  Bytes to(size);
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(std::memcpy(to.data(), from.data(), size));
    benchmark::ClobberMemory();
  }
  count(state, size);
}

void mask(benchmark::State& state, std::size_t size, Simd simd) {
  Bytes bytes(size);
  ws::MaskingKey key = ws::MaskingKey::load("key!");
  for ([[maybe_unused]] auto _ : state) {
    key = ws::apply_mask({bytes.data(), size}, key, simd);
    benchmark::ClobberMemory();
  }
  count(state, size);
}

[[gnu::noinline]] void mask_by_byte(char* bytes, std::size_t size, const char* key) {
#pragma clang loop vectorize(disable) interleave(disable) unroll(disable)
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(bytes[i] ^ key[i % 4]);
}

void mask_bytes(benchmark::State& state, std::size_t size) {
  Bytes bytes(size);
  for ([[maybe_unused]] auto _ : state) {
    mask_by_byte(bytes.data(), size, "key!");
    benchmark::ClobberMemory();
  }
  count(state, size);
}

enum class Text : std::uint8_t { kAscii, kMixed };

void fill(Bytes& bytes, Text text) {
  // Every length of character, in no order that a branch could learn at once.
  static constexpr std::array<std::string_view, 6> kMixed = {"a",     "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                                                             "text ", "\xD0\x96"};
  std::string all;
  std::uint32_t random = 1;
  while (all.size() < bytes.size) {
    random = random * 1664525 + 1013904223;
    all += text == Text::kAscii ? "a" : kMixed[(random >> 16) % kMixed.size()];
  }
  all.resize(bytes.size - 4);
  while (!all.empty() && !is_utf8(all)) all.pop_back();
  all.resize(bytes.size, ' ');
  std::memcpy(bytes.data(), all.data(), all.size());
}

void utf8(benchmark::State& state, std::size_t size, Text text, Simd simd) {
  Bytes bytes(size);
  fill(bytes, text);
  for ([[maybe_unused]] auto _ : state) {
    if (!is_utf8({bytes.data(), size}, simd)) state.SkipWithError("the text is valid");
  }
  count(state, size);
}

void utf8_bytes(benchmark::State& state, std::size_t size, Text text) {
  Bytes bytes(size);
  fill(bytes, text);
  for ([[maybe_unused]] auto _ : state) {
    Utf8Checker checker;
    bool valid = true;
    for (const char c : std::string_view(bytes.data(), size)) valid = valid && checker.take(c);
    if (!valid || !checker.is_complete()) state.SkipWithError("the text is valid");
  }
  count(state, size);
}

template <class... Arguments>
void add(const std::string& name, std::size_t size, void (*run)(benchmark::State&, std::size_t, Arguments...),
         Arguments... arguments) {
  benchmark::RegisterBenchmark((name + "/" + std::to_string(size)).c_str(),
                               [=](benchmark::State& state) { run(state, size, arguments...); });
}

}  // namespace

int main(int argc, char** argv) {
  for (const std::size_t size : kSizes) {
    add("memcpy", size, copy);
    add("mask/by_byte", size, mask_bytes);
    add("utf8_ascii/by_byte", size, utf8_bytes, Text::kAscii);
    add("utf8_mixed/by_byte", size, utf8_bytes, Text::kMixed);
    for (const Simd simd : {Simd::kPortable, Simd::kSse, Simd::kAvx2, Simd::kAvx512}) {
      if (simd > best_simd()) break;
      const std::string name(kNames[static_cast<std::size_t>(simd)]);
      add("mask/" + name, size, mask, simd);
      add("utf8_ascii/" + name, size, utf8, Text::kAscii, simd);
      add("utf8_mixed/" + name, size, utf8, Text::kMixed, simd);
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
