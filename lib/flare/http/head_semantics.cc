#include "flare/http/head_semantics.h"

#include <algorithm>
#include <limits>

#include "flare/http/path.h"

namespace flare::http::detail {
namespace {

/// Calls visit(element) for each element of a comma list (RFC 9110 §5.6.1), empty ones too.
template <class Visit>
void for_each_element(std::string_view list, Visit&& visit) {
  for (;;) {
    const std::size_t comma = list.find(',');
    visit(ascii::trim(list.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace

Reason HeadSemantics::see_host(std::string_view value, bool plain) noexcept {
  if (has_host_) return Reason::kDuplicateHost;  // RFC 9112 §3.2
  has_host_ = true;
  if (value.empty()) return Reason::kBadHost;  // H-8: every http target has an authority
  if (!plain && !is_valid_authority(value)) return Reason::kBadHost;
  if (head_.form != TargetForm::kAbsolute) head_.authority = value;  // RFC 9112 §3.2.2
  return Reason::kNone;
}

Reason HeadSemantics::see_expect(std::string_view value) noexcept {
  if (head_.minor_version == 0) return Reason::kNone;  // RFC 9110 §10.1.1
  bool known = true;
  for_each_element(value, [&](std::string_view expectation) {
    if (expectation.empty()) return;  // RFC 9110 §5.6.1.2
    known = known && ascii::iequals(expectation, "100-continue");
    head_.expect_continue = true;
  });
  return known ? Reason::kNone : Reason::kExpectationFailed;  // H-15
}

Reason HeadSemantics::see_connection_options(std::string_view value) noexcept {
  for_each_element(value, [this](std::string_view option) {
    if (ascii::iequals(option, "close")) close_ = true;
    if (ascii::iequals(option, "keep-alive")) keep_alive_ = true;
  });
  return Reason::kNone;
}

Reason HeadSemantics::see_content_length(std::string_view value) noexcept {
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (head_.framing == Framing::kChunked) return Reason::kLengthAndCoding;  // RFC 9112 §6.3
  if (head_.framing == Framing::kLength) return Reason::kDuplicateContentLength;
  if (value.empty()) return Reason::kBadContentLength;
  std::uint64_t length = 0;
  for (char c : value) {
    if (!ascii::is_digit(c)) return Reason::kBadContentLength;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (length > (kMax - digit) / 10) return Reason::kBadContentLength;
    length = length * 10 + digit;
  }
  head_.framing = Framing::kLength;
  head_.content_length = length;
  return Reason::kNone;
}

Reason HeadSemantics::see_transfer_encoding(std::string_view value) noexcept {
  if (head_.framing == Framing::kLength) return Reason::kLengthAndCoding;  // RFC 9112 §6.3
  if (head_.framing == Framing::kChunked) return Reason::kBadTransferEncoding;
  if (head_.minor_version == 0) return Reason::kBadTransferEncoding;  // RFC 9112 §6.1
  if (ascii::iequals(value, "chunked")) {
    head_.framing = Framing::kChunked;
    return Reason::kNone;
  }
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

}  // namespace flare::http::detail
