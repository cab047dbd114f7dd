// Whether reading a file would wait for its disk.
#pragma once

#include <cstdint>

namespace flare::io {

/// The first and the last byte of that part are in the page cache; what lies between very probably is, since the kernel
/// reads ahead. Never waits. False where that cannot be told (network and user-space file systems); file systems
/// that live in memory are. `length` at least 1.
bool is_resident(int file, std::uint64_t offset, std::uint64_t length) noexcept;

/// Reads that part into the page cache, however long that takes; nothing is said of errors, which sending will meet.
void make_resident(int file, std::uint64_t offset, std::uint64_t length) noexcept;

}  // namespace flare::io
