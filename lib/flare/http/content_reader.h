// Where the content of a message ends, for any framing (RFC 9112 §6.3). Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "flare/base/reason.h"
#include "flare/http/chunked.h"
#include "flare/http/message_framing.h"
#include "flare/http/request_head.h"
#include "flare/http/response_head_parser.h"

namespace flare::http {

/// Takes the received bytes apart into content and what follows. A value: copy it to look ahead.
class ContentReader {
 public:
  /// No content: done from the start.
  ContentReader() noexcept = default;
  ContentReader(const RequestHead& head, const Limits& limits) noexcept;
  ContentReader(const ResponseHead& head, const ResponseHeadLimits& limits) noexcept;

  struct Step {
    std::size_t consumed = 0;
    std::string_view piece;     ///< content, a view into the input; may be empty though bytes were consumed
    std::string_view trailers;  ///< more of the trailer section (ChunkedDecoder::Step)
  };
  /// Never consumes a byte behind the content's end. A reason is final: every later step gives it again, because where
  /// such content ends is unknown.
  std::expected<Step, Reason> step(std::string_view input) noexcept;
  [[nodiscard]] bool done() const noexcept { return done_; }
  /// The connection has ended in good order: is the content complete by that?
  bool end_of_stream() noexcept {
    done_ = done_ || until_close_;
    return done_;
  }
  /// Bytes of content still to come; nullopt where chunks or the connection's end will tell.
  [[nodiscard]] std::optional<std::uint64_t> remaining() const noexcept;
  /// So many bytes of content have gone past it; no more than remain.
  void skip(std::uint64_t bytes) noexcept {
    left_ -= bytes;
    done_ = left_ == 0;
  }

 private:
  bool done_ = true;
  bool until_close_ = false;
  Reason failed_ = Reason::kNone;
  std::uint64_t left_ = 0;                ///< with Content-Length
  std::optional<ChunkedDecoder> chunks_;  ///< with Transfer-Encoding
};

}  // namespace flare::http
