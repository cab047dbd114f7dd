// CRC-32C (Castagnoli, RFC 3720 §12.1), for checksums that other protocols carry.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace flare {

namespace detail {
inline constexpr std::array<std::uint32_t, 256> kCrc32cTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::size_t byte = 0; byte < table.size(); ++byte) {
    auto value = static_cast<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82F63B78U : 0U);
    table[byte] = value;
  }
  return table;
}();
}  // namespace detail

/// Of `bytes` behind those whose checksum is `before`.
constexpr std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0) noexcept {
  std::uint32_t value = ~before;
  for (const char c : bytes) {
    const auto index = static_cast<unsigned char>(value ^ static_cast<unsigned char>(c));
    value = detail::kCrc32cTable[index] ^ (value >> 8);
  }
  return ~value;
}

}  // namespace flare
