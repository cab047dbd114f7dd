#include "flare/http/head_semantics.h"

#include "flare/http/message_framing.h"
#include "flare/http/path.h"

namespace flare::http::detail {
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
  if (head_.framing == Framing::kChunked) return Reason::kLengthAndCoding;  // RFC 9112 §6.3
  if (head_.framing == Framing::kLength) return Reason::kDuplicateContentLength;
  const auto length = parse_content_length(value);
  if (!length) return Reason::kBadContentLength;
  head_.framing = Framing::kLength;
  head_.content_length = *length;
  return Reason::kNone;
}

Reason HeadSemantics::see_transfer_encoding(std::string_view value) noexcept {
  if (head_.framing == Framing::kLength) return Reason::kLengthAndCoding;  // RFC 9112 §6.3
  if (head_.framing == Framing::kChunked) return Reason::kBadTransferEncoding;
  if (head_.minor_version == 0) return Reason::kBadTransferEncoding;  // RFC 9112 §6.1
  const Reason reason = check_transfer_codings(value);
  if (reason == Reason::kNone) head_.framing = Framing::kChunked;
  return reason;
}

}  // namespace flare::http::detail
