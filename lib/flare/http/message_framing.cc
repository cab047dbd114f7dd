#include "flare/http/message_framing.h"

#include <limits>

#include "flare/base/numbers.h"

namespace flare::http {

std::optional<std::uint64_t> parse_content_length(std::string_view value) noexcept {
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  const auto length = parse_decimal<std::uint64_t>(value);
  return length && *length <= kMax ? length : std::nullopt;
}

Reason check_transfer_codings(std::string_view value) noexcept {
  if (ascii::iequals(value, "chunked")) return Reason::kNone;
  // Unknown is only what is written plainly; everything else may be an attempt to hide "chunked" from one of two
  // parsers.
  bool chunked = false;
  bool plain = true;
  for_each_element(value, [&](std::string_view coding) {
    plain = plain && !chunked && ascii::is_token(coding);  // chunked is the last: RFC 9112 §6.3
    chunked = chunked || ascii::iequals(coding, "chunked");
  });
  return plain ? Reason::kUnknownTransferCoding : Reason::kBadTransferEncoding;  // H-12
}

}  // namespace flare::http
