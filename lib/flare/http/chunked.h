// The chunked transfer coding (RFC 9112 §7.1), both ways. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "flare/base/reason.h"
#include "flare/http/chunk_extension.h"
#include "flare/http/field.h"
#include "flare/http/limits.h"

namespace flare::http {

/// Decodes one body, in whatever pieces it arrives; keeps no bytes of it (behaviour.md H-13, H-14). Extensions are
/// checked, limited and dropped, trailer fields checked and limited. The body limit is the caller's: it sees every
/// content byte.
class ChunkedDecoder {
 public:
  static constexpr std::size_t kMaxExtensionBytes = 256;  ///< a chunk
  static constexpr std::size_t kMaxExtensionBytesOfBody = 16 * 1024;

  struct Step {
    std::size_t consumed = 0;   ///< bytes of the input that are dealt with, content included
    std::string_view content;   ///< part of the input; often empty
    std::string_view trailers;  ///< part of the input: more of the trailer section, to the empty line that ends it
    bool done = false;          ///< the body and its trailers end here; what was not consumed is the next message
  };

  /// Trailers must keep to header_bytes and header_count of `limits`, which are copied.
  explicit ChunkedDecoder(const Limits& limits) noexcept : ChunkedDecoder(limits.header_bytes, limits.header_count) {}
  ChunkedDecoder(std::uint32_t trailer_bytes, std::uint32_t trailer_fields) noexcept
      : max_trailer_bytes_(trailer_bytes), max_trailer_fields_(trailer_fields) {}

  /// Goes on to the end of the next piece of content, of the body, or of the input. Call again with what was not
  /// consumed until it is done or the input is used up. After a reason the decoder must not be used again.
  std::expected<Step, Reason> decode(std::string_view input) noexcept;

 private:
  enum class State : std::uint8_t {
    kSizeStart,
    kSize,
    kExtension,
    kSizeLf,
    kContent,
    kContentCr,
    kContentLf,
    kTrailerStart,
    kTrailerName,
    kTrailerValue,
    kTrailerLf,
    kEndLf,
    kDone,
  };

  Reason take(char c) noexcept;
  Reason take_size(char c) noexcept;
  Reason take_extension(char c) noexcept;
  Reason take_trailer_start(char c) noexcept;
  Reason take_trailer(char c) noexcept;
  Reason expect(char c, char expected, State next) noexcept;

  std::uint64_t remaining_ = 0;  ///< of the current chunk; the size itself while it is being read
  std::uint32_t body_extension_bytes_ = 0;
  std::uint32_t max_trailer_bytes_;
  std::uint32_t max_trailer_fields_;
  std::uint32_t trailer_bytes_ = 0;
  std::uint32_t trailer_fields_ = 0;
  std::uint16_t extension_bytes_ = 0;
  std::uint8_t digits_ = 0;
  State state_ = State::kSizeStart;
  ChunkExtension extension_ = ChunkExtension::kBeforeSemicolon;
};

/// What follows each chunk's content, and the chunk that ends a body without trailers.
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
inline constexpr std::size_t kMaxChunkHead = 18;

/// The line before a chunk of `size` bytes, size > 0 (0 would end the body); a view of `buffer`.
std::string_view chunk_head(std::uint64_t size, std::span<char, kMaxChunkHead> buffer) noexcept;
/// The end of a body that has trailers; each is a valid field line.
std::string last_chunk(std::span<const Field> trailers);

}  // namespace flare::http
