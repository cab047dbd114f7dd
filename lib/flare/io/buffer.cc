#include "flare/io/buffer.h"

#include <algorithm>

namespace flare::io {

void Buffer::grow(std::size_t count) {
  const std::size_t capacity = std::max(capacity_ * 2, size_ + count);
  auto bytes = std::make_unique_for_overwrite<char[]>(capacity);
  std::memcpy(bytes.get(), bytes_.get(), size_);
  bytes_ = std::move(bytes);
  capacity_ = capacity;
}

}  // namespace flare::io
