// Response bodies (RFC 9110 §6.4): what a connection sends after the head.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "flare/net/unique_fd.h"

namespace flare::http {

/// Part of an open regular file, sent by the kernel. The body owns the descriptor.
struct FileRange {
  net::UniqueFd file;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

class Body {
 public:
  Body() noexcept = default;
  /// Owned bytes.
  Body(std::string bytes) noexcept : content_(std::move(bytes)) {}  // NOLINT(google-explicit-constructor)
  Body(FileRange range) noexcept : content_(std::move(range)) {}    // NOLINT(google-explicit-constructor)
  /// Bytes that outlive the response: literals, or what the site's snapshot owns. Never copied on the way to the socket
  /// buffer.
  static Body borrowed(std::string_view bytes) noexcept { return Body(Borrowed{}, bytes); }

  [[nodiscard]] std::uint64_t size() const noexcept {
    if (const auto* range = file()) return range->length;
    return bytes().size();
  }
  /// The content in memory; empty for a file.
  [[nodiscard]] std::string_view bytes() const noexcept {
    if (const auto* view = std::get_if<std::string_view>(&content_)) return *view;
    if (const auto* owned = std::get_if<std::string>(&content_)) return *owned;
    return {};
  }
  /// nullptr where the content is in memory.
  [[nodiscard]] const FileRange* file() const noexcept { return std::get_if<FileRange>(&content_); }

 private:
  struct Borrowed {};
  Body(Borrowed, std::string_view bytes) noexcept : content_(bytes) {}

  std::variant<std::string_view, std::string, FileRange> content_;
};

}  // namespace flare::http
