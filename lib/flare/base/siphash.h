// SipHash-2-4 with 128 bits of result (Aumasson, Bernstein, 2012): a keyed hash for tables that a peer fills.
#pragma once

#include <cstdint>
#include <string_view>

namespace flare {

/// Whoever does not know the key can neither choose values that collide nor tell which do.
struct SipKey {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  /// A fresh one from the kernel. Throws NetworkError where there is no randomness to be had.
  static SipKey random();
};

/// Wide enough to stand for what was hashed: 2^64 values until two are expected to share one.
struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend bool operator==(const Hash128&, const Hash128&) = default;
};

Hash128 siphash(const SipKey& key, std::string_view bytes) noexcept;

}  // namespace flare
