#include "flare/http/content_reader.h"

#include <algorithm>

namespace flare::http {

ContentReader::ContentReader(const RequestHead& head, const Limits& limits) noexcept {
  switch (head.framing) {
    case Framing::kNone: break;
    case Framing::kLength:
      left_ = head.content_length;
      done_ = left_ == 0;
      break;
    case Framing::kChunked:
      chunks_.emplace(limits);
      done_ = false;
      break;
  }
}

ContentReader::ContentReader(const ResponseHead& head, const ResponseHeadLimits& limits) noexcept
    : done_(head.framing == BodyFraming::kNone), until_close_(head.framing == BodyFraming::kUntilClose) {
  switch (head.framing) {
    case BodyFraming::kNone:
    case BodyFraming::kUntilClose: break;
    case BodyFraming::kLength:
      left_ = head.content_length.value_or(0);
      done_ = left_ == 0;
      break;
    case BodyFraming::kChunked: chunks_.emplace(limits.header_bytes, limits.header_count); break;
  }
}

std::expected<ContentReader::Step, Reason> ContentReader::step(std::string_view input) noexcept {
  if (done_) return Step{};
  if (failed_ != Reason::kNone) return std::unexpected(failed_);
  if (chunks_) {
    const auto decoded = chunks_->decode(input);
    if (!decoded) {
      failed_ = decoded.error();
      return std::unexpected(failed_);
    }
    done_ = decoded->done;
    return Step{.consumed = decoded->consumed, .piece = decoded->content, .trailers = decoded->trailers};
  }
  if (until_close_) return Step{.consumed = input.size(), .piece = input};
  const std::string_view piece =
      input.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size())));
  left_ -= piece.size();
  done_ = left_ == 0;
  return Step{.consumed = piece.size(), .piece = piece};
}

std::optional<std::uint64_t> ContentReader::remaining() const noexcept {
  if ((chunks_ || until_close_) && !done_) return std::nullopt;
  return left_;
}

}  // namespace flare::http
