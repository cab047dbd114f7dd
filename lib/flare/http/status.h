// Status codes (RFC 9110 §15, RFC 6585) and their status lines.
#pragma once

#include <cstdint>
#include <string_view>

#include "flare/base/reason.h"

namespace flare::http {

/// Any value from 100 to 599 may be cast in; the named ones are those flare itself uses.
enum class Status : std::uint16_t {
  kContinue = 100,
  kSwitchingProtocols = 101,
  kOk = 200,
  kCreated = 201,
  kAccepted = 202,
  kNoContent = 204,
  kPartialContent = 206,
  kMovedPermanently = 301,
  kFound = 302,
  kSeeOther = 303,
  kNotModified = 304,
  kTemporaryRedirect = 307,
  kPermanentRedirect = 308,
  kBadRequest = 400,
  kUnauthorized = 401,
  kForbidden = 403,
  kNotFound = 404,
  kMethodNotAllowed = 405,
  kNotAcceptable = 406,
  kRequestTimeout = 408,
  kConflict = 409,
  kPreconditionFailed = 412,
  kContentTooLarge = 413,
  kUriTooLong = 414,
  kUnsupportedMediaType = 415,
  kRangeNotSatisfiable = 416,
  kExpectationFailed = 417,
  kMisdirectedRequest = 421,
  kUnprocessableContent = 422,
  kUpgradeRequired = 426,
  kTooManyRequests = 429,
  kRequestHeaderFieldsTooLarge = 431,
  kInternalServerError = 500,
  kNotImplemented = 501,
  kBadGateway = 502,
  kServiceUnavailable = 503,
  kGatewayTimeout = 504,
  kHttpVersionNotSupported = 505,
};

constexpr int code(Status status) noexcept { return static_cast<int>(status); }
/// "OK", "Not Found", ...; "" where RFC 9110 gives no phrase.
std::string_view reason_phrase(Status status) noexcept;
/// "HTTP/1.1 200 OK\r\n": static storage, no work at run time. Every code from 100 to 599 has one;
/// any other value gets that of 500.
std::string_view status_line(Status status) noexcept;
/// The one table from reason to the status that flare answers with; 400 where nothing more exact is known.
Status status_for(Reason reason) noexcept;

/// 1xx, 204 and 304 never have a body (RFC 9112 §6.3).
constexpr bool has_no_body(Status status) noexcept {
  return code(status) < 200 || status == Status::kNoContent || status == Status::kNotModified;
}

}  // namespace flare::http
