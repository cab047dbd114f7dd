// Memory for coroutine frames: a free list per thread, so that starting a task costs no trip to the allocator.
#pragma once

#include <cstddef>

namespace flare::runtime {

/// Storage of at least `size` bytes, aligned for any type. May be released on another thread.
void* allocate_frame(std::size_t size);
/// `size` is the one given to allocate_frame.
void release_frame(void* frame, std::size_t size) noexcept;

}  // namespace flare::runtime
