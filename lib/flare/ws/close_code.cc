#include "flare/ws/close_code.h"

#include <algorithm>

#include "flare/base/utf8.h"

namespace flare::ws {

CloseCode close_code_for(Reason reason) noexcept {
  switch (reason) {
    case Reason::kNone: return CloseCode::kNormal;
    case Reason::kWsUtf8:
    case Reason::kWsDeflate: return CloseCode::kInvalidPayload;
    case Reason::kWsFragments:
    case Reason::kWsMessageBytes: return CloseCode::kMessageTooBig;
    case Reason::kWsPingTimeout:
    case Reason::kHandlerFailed: return CloseCode::kInternalError;
    case Reason::kWsReadOnly: return CloseCode::kPolicyViolation;
    case Reason::kWsSlow:
    case Reason::kResourceExhausted: return CloseCode::kTryAgainLater;
    case Reason::kDraining: return CloseCode::kGoingAway;
    default: return CloseCode::kProtocolError;
  }
}

std::expected<CloseBody, Reason> parse_close_body(std::string_view body) noexcept {
  if (body.empty()) return CloseBody{};
  if (body.size() == 1) return std::unexpected(Reason::kWsBadClose);  // RFC 6455 §5.5.1
  const auto byte = [body](std::size_t at) { return static_cast<unsigned char>(body[at]); };
  const auto code = static_cast<CloseCode>(byte(0) << 8 | byte(1));
  if (!is_valid(code)) return std::unexpected(Reason::kWsBadClose);  // RFC 6455 §7.4.2
  if (!is_utf8(body.substr(2))) return std::unexpected(Reason::kWsUtf8);
  return CloseBody{.code = code, .reason = body.substr(2)};
}

std::size_t write_close_body(char* out, const CloseBody& body) noexcept {
  if (body.code == CloseCode::kNoStatus) return 0;
  std::string_view reason = body.reason.substr(0, kMaxCloseReason);
  if (reason.size() < body.reason.size()) {
    while (!reason.empty() && (body.reason[reason.size()] & 0xC0) == 0x80) reason.remove_suffix(1);
  }
  out[0] = static_cast<char>(static_cast<std::uint16_t>(body.code) >> 8);
  out[1] = static_cast<char>(static_cast<std::uint16_t>(body.code));
  std::ranges::copy(reason, out + 2);
  return 2 + reason.size();
}

}  // namespace flare::ws
