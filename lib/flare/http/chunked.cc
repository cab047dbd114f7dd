#include "flare/http/chunked.h"

#include <algorithm>
#include <charconv>

namespace flare::http {

static_assert(sizeof(ChunkedDecoder) <= 64);

std::expected<ChunkedDecoder::Step, Reason> ChunkedDecoder::decode(std::string_view input) noexcept {
  std::size_t used = 0;
  const std::uint32_t trailer_bytes_before = trailer_bytes_;
  while (used < input.size() && state_ != State::kDone) {
    if (state_ == State::kContent) {
      const std::string_view content = input.substr(used, remaining_);
      remaining_ -= content.size();
      if (remaining_ == 0) state_ = State::kContentCr;
      return Step{.consumed = used + content.size(), .content = content};
    }
    if (const Reason reason = take(input[used++]); reason != Reason::kNone) return std::unexpected(reason);
  }
  const std::size_t trailers = trailer_bytes_ - trailer_bytes_before;  // the last bytes that were consumed
  return Step{.consumed = used, .trailers = input.substr(used - trailers, trailers), .done = state_ == State::kDone};
}

Reason ChunkedDecoder::take(char c) noexcept {
  switch (state_) {
    case State::kSizeStart:
    case State::kSize: return take_size(c);
    case State::kExtension: return take_extension(c);
    case State::kSizeLf: return expect(c, '\n', remaining_ == 0 ? State::kTrailerStart : State::kContent);
    case State::kContent: break;  // decode() takes it whole
    case State::kContentCr: return expect(c, '\r', State::kContentLf);
    case State::kContentLf: digits_ = 0; return expect(c, '\n', State::kSizeStart);
    case State::kTrailerStart:
    case State::kTrailerName:
    case State::kTrailerValue:
    case State::kTrailerLf:
    case State::kEndLf: return take_trailer(c);
    case State::kDone: break;
  }
  return Reason::kNone;
}

Reason ChunkedDecoder::take_size(char c) noexcept {
  if (const int digit = ascii::hex_value(c); digit >= 0) {
    if (++digits_ > 16) return Reason::kBadChunk;  // RFC 9112 §7.1: no overflow, H-13
    remaining_ = remaining_ << 4 | static_cast<std::uint64_t>(digit);
    state_ = State::kSize;
    return Reason::kNone;
  }
  if (state_ == State::kSizeStart) return Reason::kBadChunk;
  if (c == '\r') {
    state_ = State::kSizeLf;
    return Reason::kNone;
  }
  extension_ = ChunkExtension::kBeforeSemicolon;
  extension_bytes_ = 0;
  state_ = State::kExtension;
  return take_extension(c);
}

Reason ChunkedDecoder::take_extension(char c) noexcept {
  if (c == '\r') {
    if (!is_complete(extension_)) return Reason::kBadChunk;
    state_ = State::kSizeLf;
    return Reason::kNone;
  }
  const auto next = advance(extension_, c);
  if (!next) return Reason::kBadChunk;
  extension_ = *next;
  const bool fits = ++extension_bytes_ <= kMaxExtensionBytes && ++body_extension_bytes_ <= kMaxExtensionBytesOfBody;
  return fits ? Reason::kNone : Reason::kChunkExtensionBytes;
}

Reason ChunkedDecoder::take_trailer(char c) noexcept {
  if (++trailer_bytes_ > max_trailer_bytes_) return Reason::kHeaderBytes;  // H-14
  switch (state_) {
    case State::kTrailerStart: return take_trailer_start(c);
    case State::kTrailerName:
      if (c == ':') state_ = State::kTrailerValue;
      return c == ':' || ascii::is_token_char(c) ? Reason::kNone : Reason::kBadTrailer;
    case State::kTrailerValue:
      if (c == '\r') state_ = State::kTrailerLf;
      return c == '\r' || c == '\t' || !ascii::is_control(c) ? Reason::kNone : Reason::kBadTrailer;
    case State::kTrailerLf: return expect(c, '\n', State::kTrailerStart);
    case State::kEndLf: return expect(c, '\n', State::kDone);
    case State::kSizeStart:
    case State::kSize:
    case State::kExtension:
    case State::kSizeLf:
    case State::kContent:
    case State::kContentCr:
    case State::kContentLf:
    case State::kDone: break;  // take() comes here with the five above only
  }
  return Reason::kBadTrailer;
}

Reason ChunkedDecoder::take_trailer_start(char c) noexcept {
  if (c == '\r') {
    state_ = State::kEndLf;
    return Reason::kNone;
  }
  if (!ascii::is_token_char(c)) return Reason::kBadTrailer;
  state_ = State::kTrailerName;
  return trailer_fields_++ < max_trailer_fields_ ? Reason::kNone : Reason::kHeaderCount;  // H-14
}

Reason ChunkedDecoder::expect(char c, char expected, State next) noexcept {
  if (c != expected) return state_ >= State::kTrailerStart ? Reason::kBadTrailer : Reason::kBadChunk;
  state_ = next;
  return Reason::kNone;
}

std::string_view chunk_head(std::uint64_t size, std::span<char, kMaxChunkHead> buffer) noexcept {
  char* end = std::to_chars(buffer.data(), buffer.data() + 16, size, 16).ptr;
  end = std::ranges::copy(kChunkEnd, end).out;
  return {buffer.data(), end};
}

std::string last_chunk(std::span<const Field> trailers) {
  std::string end("0\r\n");
  for (const Field& field : trailers) end.append(field.name).append(": ").append(field.value).append(kChunkEnd);
  return end.append(kChunkEnd);
}

}  // namespace flare::http
