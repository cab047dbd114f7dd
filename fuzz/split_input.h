// How the fuzz targets of parsers read their bytes: one of options, one with the number of cuts, the cuts, the input.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace flare::fuzz {

struct SplitInput {
  SplitInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto next = [&bytes] {
      if (bytes.empty()) return std::size_t{0};
      const auto value = static_cast<std::size_t>(static_cast<unsigned char>(bytes.front()));
      bytes.remove_prefix(1);
      return value;
    };
    narrow = (next() & 1) != 0;
    std::size_t cuts = next() % 8;
    for (; cuts != 0; --cuts) ends.push_back(next());
    input = bytes;
    for (std::size_t& end : ends) end = std::min(end, input.size());
    ends.push_back(input.size());
    std::ranges::sort(ends);
  }

  bool narrow = false;            ///< run with limits that short inputs can hit
  std::vector<std::size_t> ends;  ///< where the pieces end, ascending; the last one is the input's end
  std::string_view input;
};

}  // namespace flare::fuzz
