#include "flare/runtime/frame_pool.h"

#include <array>
#include <cstdint>
#include <new>

#include "flare/base/sanitizers.h"

namespace flare::runtime {
namespace {

// Fine classes up to 2 KiB, coarse ones up to 8 KiB: what a request that is passed on runs in, with all that the
// compiler has drawn into it. Larger frames are rare and go to the allocator.
constexpr std::size_t kFineBytes = 32;
constexpr std::size_t kFineClasses = 64;
constexpr std::size_t kFineMost = kFineBytes * kFineClasses;
constexpr std::size_t kCoarseBytes = 512;
constexpr std::size_t kCoarseClasses = 12;
constexpr std::size_t kClasses = kFineClasses + kCoarseClasses;

constexpr std::size_t class_of(std::size_t size) noexcept {
  return size <= kFineMost ? (size - 1) / kFineBytes : kFineClasses + (size - kFineMost - 1) / kCoarseBytes;
}
constexpr std::size_t bytes_of(std::size_t index) noexcept {
  return index < kFineClasses ? (index + 1) * kFineBytes : kFineMost + (index - kFineClasses + 1) * kCoarseBytes;
}
/// What a burst leaves behind beyond this goes back.
constexpr std::uint32_t kept_of(std::size_t index) noexcept { return index < kFineClasses ? 128 : 64; }

struct FreeFrame {
  FreeFrame* next;
};

class FramePool {
 public:
  FramePool() = default;
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;
  ~FramePool() {
    for (List& list : lists_) {
      while (list.head != nullptr) ::operator delete(pop(list));
    }
    closed_ = true;
  }

  void* take(std::size_t size) {
    const std::size_t index = class_of(size);
    if (index >= kClasses || closed_) return ::operator new(size);
    List& list = lists_[index];
    return list.head != nullptr ? pop(list) : ::operator new(bytes_of(index));
  }
  void give(void* memory, std::size_t size) noexcept {
    const std::size_t index = class_of(size);
    if (index >= kClasses || closed_ || lists_[index].kept == kept_of(index)) return ::operator delete(memory);
    List& list = lists_[index];
    list.head = ::new (memory) FreeFrame{list.head};
    ++list.kept;
  }

 private:
  struct List {
    FreeFrame* head = nullptr;
    std::uint32_t kept = 0;
  };
  static void* pop(List& list) noexcept {
    FreeFrame* frame = list.head;
    list.head = frame->next;
    --list.kept;
    return frame;
  }

  std::array<List, kClasses> lists_;
  bool closed_ = false;
};

constexpr bool kPooled = !kAddressSanitizer;  // it sees a use after free only if the memory really goes back

FramePool& pool() {
  thread_local FramePool pool;
  return pool;
}

}  // namespace

void* allocate_frame(std::size_t size) {
  if constexpr (!kPooled) return ::operator new(size);
  return pool().take(size);
}

void release_frame(void* frame, std::size_t size) noexcept {
  if constexpr (!kPooled) return ::operator delete(frame);
  pool().give(frame, size);
}

}  // namespace flare::runtime
