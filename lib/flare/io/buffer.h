// A worker's output buffer: bytes are appended, the whole is written, the memory stays.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace flare::io {

/// Contiguous and growing; clear() keeps the memory. One thread.
class Buffer {
 public:
  explicit Buffer(std::size_t capacity)
      : bytes_(std::make_unique_for_overwrite<char[]>(capacity)), capacity_(capacity) {}

  /// All of them, in order.
  template <std::convertible_to<std::string_view>... Bytes>
  void append(const Bytes&... bytes) {
    append_views(std::string_view(bytes)...);
  }
  /// Room for `count` bytes behind the end; commit() says how many of them were written.
  char* reserve(std::size_t count) {
    if (capacity_ - size_ < count) grow(count);
    return bytes_.get() + size_;
  }
  void commit(std::size_t count) noexcept { size_ += count; }
  void clear() noexcept { size_ = 0; }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] char* data() noexcept { return bytes_.get(); }
  [[nodiscard]] std::string_view view() const noexcept { return {bytes_.get(), size_}; }

 private:
  template <class... Views>
  void append_views(Views... views) {
    char* at = reserve((views.size() + ...));
    ((at = std::copy_n(views.data(), views.size(), at)), ...);  // memcpy must not see the null of an empty view
    size_ += (views.size() + ...);
  }
  void grow(std::size_t count);

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_;
};

}  // namespace flare::io
