// Bytes in several places that leave as one: what writev takes.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string_view>

namespace flare::io {

/// Up to four views, in order, shrinking from the front as they are written. Owns nothing.
class Pieces {
 public:
  static constexpr std::size_t kMax = 4;

  /// Precondition: at most kMax. Empty ones are left out.
  Pieces(std::initializer_list<std::string_view> pieces) noexcept {
    for (const std::string_view piece : pieces) {
      if (!piece.empty()) vectors_[end_++] = {const_cast<char*>(piece.data()), piece.size()};  // writev only reads
    }
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
  std::array<iovec, kMax> vectors_{};
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace flare::io
