// Makes request heads for the differential tests: mostly well-formed, built of the names and shapes that carry meaning,
// with slips in between. What it chooses comes from outside: a fuzzer's bytes, or a sequence that is the same each run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "flare/http/limits.h"

namespace flare::test {

/// Gives a number below its argument, which is at least 1.
using Choose = std::function<std::size_t(std::size_t)>;

/// Choices from bytes; 0 when they are used up.
class ChooseFromBytes {
 public:
  explicit ChooseFromBytes(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  std::size_t operator()(std::size_t bound) {
    if (bytes_.empty()) return 0;
    const std::size_t choice = bytes_.front() % bound;
    bytes_ = bytes_.subspan(1);
    return choice;
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

/// The same choices for the same seed on every machine (splitmix64).
class ChooseFromSeed {
 public:
  explicit ChooseFromSeed(std::uint64_t seed) : state_(seed) {}
  std::size_t operator()(std::size_t bound) {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return (z ^ (z >> 31)) % bound;
  }

 private:
  std::uint64_t state_;
};

struct GeneratedHead {
  std::string bytes;  ///< sometimes cut short, sometimes with more behind it
  http::Limits limits;
};

GeneratedHead generate_head(const Choose& choose);

}  // namespace flare::test
