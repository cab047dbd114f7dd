// Bytes in several places that leave as one: what writev takes.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace flare::io {

/// Up to four views, in order, shrinking from the front as they are written. Owns nothing.
class Pieces {
 public:
  /// Empty ones are left out.
  Pieces(std::string_view first, std::string_view second = {}, std::string_view third = {},  // NOLINT: lists convert
         std::string_view fourth = {}) noexcept {
    add(first);
    add(second);
    add(third);
    add(fourth);
  }
  [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }
  [[nodiscard]] std::span<const iovec> vectors() const noexcept { return {vectors_.data() + begin_, end_ - begin_}; }
  /// The first `count` bytes are done with; at most as many as there are.
  void consume(std::size_t count) noexcept {
    while (count != 0 && begin_ != end_) {
      iovec& front = vectors_[begin_];
      const std::size_t taken = std::min(count, front.iov_len);
      front.iov_base = static_cast<char*>(front.iov_base) + taken;
      front.iov_len -= taken;
      count -= taken;
      if (front.iov_len == 0) ++begin_;
    }
  }

 private:
  void add(std::string_view piece) noexcept {
    if (!piece.empty()) vectors_[end_++] = {const_cast<char*>(piece.data()), piece.size()};  // writev only reads
  }

  std::array<iovec, 4> vectors_{};
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace flare::io
