// A thread's buffers for what passes through TLS within one call: connections keep only what is left over.
#pragma once

#include <array>
#include <cstddef>
#include <string>

namespace flare::tls {

/// Used between two waits, never across one.
struct Scratch {
  static constexpr std::size_t kArriving = 64 * 1024;
  static constexpr std::size_t kPlain = 64 * 1024;  ///< four records: what leaves with one write
  std::array<char, kArriving> arriving;
  std::array<char, kPlain> plain;
  std::string leaving;

  static Scratch& of_this_thread();
};

}  // namespace flare::tls
