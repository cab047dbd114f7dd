// Random bytes that nobody can guess, from the kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace flare {

/// Fills `bytes`. Ends the process where the kernel has none to give, which no Linux since 3.17 does.
void fill_random(std::span<char> bytes) noexcept;

/// Four of them, out of a store that each thread fills with one call for many.
std::uint32_t random_word() noexcept;

}  // namespace flare
