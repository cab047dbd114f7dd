// Close codes of WebSocket (RFC 6455 §7.4, IANA) and the body of a close frame (§5.5.1). Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

#include "flare/base/reason.h"

namespace flare::ws {

/// Any 16-bit number may arrive; these have names.
enum class CloseCode : std::uint16_t {
  kNormal = 1000,
  kGoingAway = 1001,
  kProtocolError = 1002,
  kUnsupportedData = 1003,
  kNoStatus = 1005,  ///< the close frame had none; never sent
  kAbnormal = 1006,  ///< the connection ended without a close frame; never sent
  kInvalidPayload = 1007,
  kPolicyViolation = 1008,
  kMessageTooBig = 1009,
  kMandatoryExtension = 1010,
  kInternalError = 1011,
  kServiceRestart = 1012,
  kTryAgainLater = 1013,
  kBadGateway = 1014,
};

/// May stand in a close frame: not 0-999, 1004-1006, 1015, what is not registered below 3000, 5000 and above (W-11).
constexpr bool is_valid(CloseCode code) noexcept {
  const auto number = static_cast<std::uint16_t>(code);
  return (number >= 1000 && number <= 1003) || (number >= 1007 && number <= 1014) || (number >= 3000 && number <= 4999);
}

/// What a peer is told that gave reason to end the session.
CloseCode close_code_for(Reason reason) noexcept;

/// The body of a close frame, `reason` pointing into it.
struct CloseBody {
  CloseCode code = CloseCode::kNoStatus;
  std::string_view reason;
};
inline constexpr std::size_t kMaxCloseReason = 123;

/// An empty body is kNoStatus. Refuses one byte, codes that are not valid (kWsBadClose), reasons that are not UTF-8.
std::expected<CloseBody, Reason> parse_close_body(std::string_view body) noexcept;

/// Writes it at `out`, which has room for 125 bytes; how many they are. kNoStatus: an empty body. A reason that is too
/// long is cut between two characters. Precondition: the code is valid or kNoStatus.
std::size_t write_close_body(char* out, const CloseBody& body) noexcept;

}  // namespace flare::ws
