// Bytes that end, or begin, where readable memory does: one read too far is a crash, with or without sanitizers.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string_view>

namespace flare::test {

enum class Guard { kAfter, kBefore };

class GuardedInput {
 public:
  explicit GuardedInput(std::string_view bytes, Guard guard = Guard::kAfter) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t readable = (bytes.size() / page + 1) * page;
    size_ = readable + 2 * page;
    void* mapped = mmap(nullptr, size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) std::abort();
    base_ = static_cast<char*>(mapped);
    if (mprotect(base_ + page, readable, PROT_READ | PROT_WRITE) != 0) std::abort();
    char* const start = base_ + page + (guard == Guard::kAfter ? readable - bytes.size() : 0);
    if (!bytes.empty()) std::memcpy(start, bytes.data(), bytes.size());
    view_ = {start, bytes.size()};
  }
  ~GuardedInput() { munmap(base_, size_); }
  GuardedInput(const GuardedInput&) = delete;
  GuardedInput& operator=(const GuardedInput&) = delete;

  [[nodiscard]] std::string_view view() const { return view_; }

 private:
  char* base_ = nullptr;
  std::size_t size_ = 0;
  std::string_view view_;
};

}  // namespace flare::test
