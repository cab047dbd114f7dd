// Where the content of a request ends, for either framing (RFC 9112 §6.3). Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "flare/base/reason.h"
#include "flare/http/chunked.h"
#include "flare/http/request_head.h"

namespace flare::http {

/// Takes the received bytes apart into content and what follows. A value: copy it to look ahead.
class ContentReader {
 public:
  /// No content: done from the start.
  ContentReader() noexcept = default;
  ContentReader(const RequestHead& head, const Limits& limits) noexcept;

  struct Step {
    std::size_t consumed = 0;
    std::string_view piece;  ///< content, a view into the input; may be empty though bytes were consumed
  };
  /// Never consumes a byte behind the content's end. A reason is final: every later step gives it again, because where
  /// such content ends is unknown.
  std::expected<Step, Reason> step(std::string_view input) noexcept;
  [[nodiscard]] bool done() const noexcept { return done_; }
  /// Bytes of content still to come; nullopt where chunks will tell.
  [[nodiscard]] std::optional<std::uint64_t> remaining() const noexcept;

 private:
  bool done_ = true;
  Reason failed_ = Reason::kNone;
  std::uint64_t left_ = 0;                ///< with Content-Length
  std::optional<ChunkedDecoder> chunks_;  ///< with Transfer-Encoding
};

}  // namespace flare::http
