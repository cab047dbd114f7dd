// Response bodies (RFC 9110 §6.4): what a connection sends after the head.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "flare/base/error.h"
#include "flare/http/field.h"
#include "flare/net/shared_fd.h"
#include "flare/runtime/task.h"

namespace flare::http {

/// Part of an open regular file, sent by the kernel. The body owns the descriptor, alone or with others.
struct FileRange {
  net::SharedFd file;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  /// Its pages may be on the disk only: where the worker has an offload pool they are read there first, so that
  /// sending never waits for a disk.
  bool cold = false;
};

/// Content that is made while it is sent: the reader's pace pulls it, one piece at a time.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// The next piece, alive until the next call; empty: the content is complete. An error, or content that is not what
  /// size() promised, ends the connection in a way that the client cannot take for a complete answer.
  virtual runtime::Task<Result<std::string_view>> next() = 0;
  /// Some of the content into a pipe that is empty (io/pipe.h), for a reader that passes it on as it is: how many
  /// bytes. 0: next() has it. Where can_splice() says so.
  virtual runtime::Task<Result<std::size_t>> next_into([[maybe_unused]] int pipe) { co_return std::size_t{0}; }
  [[nodiscard]] virtual bool can_splice() const noexcept { return false; }
  /// Once next() has given the end: fields to send behind chunked content (RFC 9110 §6.5); they live until it is
  /// destroyed. For clients that take them.
  [[nodiscard]] virtual std::span<const Field> trailers() const noexcept { return {}; }
  /// Bytes in all. Where they are not known the content goes out chunked, to HTTP/1.0 until the connection closes.
  [[nodiscard]] virtual std::optional<std::uint64_t> size() const noexcept { return std::nullopt; }
  /// The first next() will not wait: the head waits for it, and both leave in one write.
  [[nodiscard]] virtual bool is_ready() const noexcept { return false; }
  /// The reader has gone: a next() that is waiting has to end soon.
  virtual void cancel() noexcept {}
};

class Body {
 public:
  Body() noexcept = default;
  /// Owned bytes.
  Body(std::string bytes) noexcept : content_(std::move(bytes)) {}  // NOLINT(google-explicit-constructor)
  Body(FileRange range) noexcept : content_(std::move(range)) {}    // NOLINT(google-explicit-constructor)
  Body(std::unique_ptr<BodySource> source) noexcept                 // NOLINT(google-explicit-constructor)
      : content_(std::move(source)) {}
  /// Bytes that outlive the response: literals, or what the site's snapshot owns. Never copied on the way to the socket
  /// buffer.
  static Body borrowed(std::string_view bytes) noexcept { return Body(Borrowed{}, bytes); }

  /// Bytes that live as long as `owner`, of which the body keeps a share.
  static Body shared(std::shared_ptr<const void> owner, std::string_view bytes) noexcept {
    Body body;
    body.content_ = Shared{std::move(owner), bytes};
    return body;
  }

  /// nullopt: only the source's end will tell.
  [[nodiscard]] std::optional<std::uint64_t> size() const noexcept {
    if (const auto* range = file()) return range->length;
    if (const auto* pulled = source()) return pulled->size();
    return bytes().size();
  }
  /// The content in memory; empty for a file or a source.
  [[nodiscard]] std::string_view bytes() const noexcept {
    if (const auto* view = std::get_if<std::string_view>(&content_)) return *view;
    if (const auto* owned = std::get_if<std::string>(&content_)) return *owned;
    if (const auto* part = std::get_if<Shared>(&content_)) return part->bytes;
    return {};
  }
  [[nodiscard]] bool is_in_memory() const noexcept { return content_.index() < 3; }
  /// nullptr where the content is something else.
  [[nodiscard]] const FileRange* file() const noexcept { return std::get_if<FileRange>(&content_); }
  [[nodiscard]] BodySource* source() const noexcept {
    const auto* const pulled = std::get_if<std::unique_ptr<BodySource>>(&content_);
    return pulled != nullptr ? pulled->get() : nullptr;
  }

 private:
  struct Borrowed {};
  struct Shared {
    std::shared_ptr<const void> owner;
    std::string_view bytes;
  };
  Body(Borrowed, std::string_view bytes) noexcept : content_(bytes) {}

  std::variant<std::string_view, std::string, Shared, FileRange, std::unique_ptr<BodySource>> content_;
};

}  // namespace flare::http
