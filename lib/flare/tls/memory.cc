#include "flare/tls/memory.h"

#include <malloc.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "flare/base/sanitizers.h"

namespace flare::tls {
namespace {

// Sizes as glibc's malloc makes them: a block of `fine` class n holds 16 n + 8 bytes, and malloc_usable_size tells
// later which class it belongs to, so that no header of ours is needed.
constexpr std::size_t kFineStep = 16;
constexpr std::size_t kFine = 8 * 1024 + 8;  // OpenSSL's objects
constexpr std::size_t kCoarseStep = 4096;
constexpr std::size_t kCoarse = kFine + 7 * kCoarseStep;  // about 36 KiB: the buffers of records
constexpr std::size_t kFineClasses = (kFine - 8) / kFineStep + 1;
constexpr std::size_t kClasses = kFineClasses + (kCoarse - kFine) / kCoarseStep;
constexpr std::size_t kCachedBytes = std::size_t{256} * 1024;

/// The largest block of a class.
constexpr std::size_t size_of(std::size_t index) noexcept {
  return index < kFineClasses ? index * kFineStep + 8 : kFine + (index - kFineClasses + 1) * kCoarseStep;
}

/// The smallest class whose blocks hold `size` bytes; kClasses: none does.
constexpr std::size_t class_for(std::size_t size) noexcept {
  if (size <= kFine) return size <= 8 ? 0 : (size - 8 + kFineStep - 1) / kFineStep;
  return std::min(kClasses, kFineClasses + (size - kFine - 1) / kCoarseStep);
}
static_assert([] {
  for (std::size_t index = 1; index < kClasses; ++index) {
    if (class_for(size_of(index)) != index || class_for(size_of(index - 1) + 1) != index) return false;
  }
  return class_for(kCoarse + 1) == kClasses;
}());

/// A block in the cache.
struct Cached {
  Cached* next;
};

class Cache {
 public:
  Cache() noexcept = default;
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;
  ~Cache() {
    bytes_ = kCachedBytes;  // what other thread-local objects give back after this goes its own way
    for (Cached*& list : lists_) {
      while (list != nullptr) std::free(std::exchange(list, list->next));
    }
  }

  void* take(std::size_t index) noexcept {
    Cached*& list = lists_[index];
    if (list == nullptr) return nullptr;
    bytes_ -= size_of(index);
    return std::exchange(list, list->next);
  }
  bool give(void* block, std::size_t index) noexcept {
    if (bytes_ + size_of(index) > kCachedBytes) return false;
    bytes_ += size_of(index);
    Cached*& list = lists_[index];
    list = new (block) Cached{.next = list};
    return true;
  }

 private:
  std::array<Cached*, kClasses> lists_{};
  std::size_t bytes_ = 0;
};

Cache& cache() noexcept {
  thread_local Cache of_this_thread;
  return of_this_thread;
}

void* allocate(std::size_t size, const char* /*file*/, int /*line*/) noexcept {
  if (size == 0) return nullptr;
  const std::size_t index = class_for(size);
  if (index == kClasses) return std::malloc(size);
  void* const cached = cache().take(index);
  return cached != nullptr ? cached : std::malloc(size_of(index));
}

void release(void* memory, const char* /*file*/, int /*line*/) noexcept {
  if (memory == nullptr) return;
  const std::size_t usable = ::malloc_usable_size(memory);  // may be a little more than its class, not less
  const std::size_t above = class_for(usable + 1);
  if (above == 0 || above == kClasses || !cache().give(memory, above - 1)) std::free(memory);
}

void* reallocate(void* memory, std::size_t size, const char* file, int line) noexcept {
  if (memory == nullptr) return allocate(size, file, line);
  if (size == 0) {
    release(memory, file, line);
    return nullptr;
  }
  const std::size_t had = ::malloc_usable_size(memory);
  if (size <= had) return memory;
  void* const moved = allocate(size, file, line);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, memory, had);
  release(memory, file, line);
  return moved;
}

}  // namespace

bool use_cached_memory() noexcept {
  if (kAddressSanitizer || kThreadSanitizer) return false;  // a sanitizer is to see every block come and go
  return CRYPTO_set_mem_functions(&allocate, &reallocate, &release) == 1;
}

}  // namespace flare::tls
