// Several parts of a file as one content: multipart/byteranges (RFC 9110 §14.6, §15.3.7.2, F-14).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flare/http/body.h"
#include "flare/http/conditional.h"

namespace flare::handlers {

/// What stands before each part, and behind the last; made with a boundary that nobody could know beforehand, so that
/// no content can hold it on purpose.
class MultipartRanges {
 public:
  /// `type`: the Content-Type of the whole, `size`: its bytes. Throws NetworkError where there is no randomness.
  MultipartRanges(std::span<const http::ByteRange> parts, std::string_view type, std::uint64_t size);

  /// "multipart/byteranges; boundary=..."
  [[nodiscard]] std::string content_type() const;
  [[nodiscard]] std::uint64_t content_length() const noexcept;

  /// All of it, of content in memory.
  [[nodiscard]] std::string render(std::string_view content) const;
  /// All of it, read from `file` piece by piece as the reader takes it, away from the worker.
  static http::Body read(MultipartRanges ranges, net::SharedFd file);

 private:
  class Source;
  struct Part {
    std::string head;
    http::ByteRange range;
  };
  std::string boundary_;
  std::vector<Part> parts_;
  std::string end_;
};

}  // namespace flare::handlers
