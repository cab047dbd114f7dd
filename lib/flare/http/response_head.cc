#include "flare/http/response_head.h"

#include <algorithm>

#include "flare/base/numbers.h"

namespace flare::http {
namespace {

constexpr std::string_view kClose = "Connection: close\r\n";
constexpr std::string_view kUpgrade = "Connection: Upgrade\r\n";
constexpr std::string_view kCloseUpgrade = "Connection: close, Upgrade\r\n";
constexpr std::string_view kKeepAlive = "Connection: keep-alive\r\n";
constexpr std::string_view kKeepAliveFor = "Keep-Alive: timeout=";
constexpr std::string_view kContentLength = "Content-Length: ";
constexpr std::string_view kChunked = "Transfer-Encoding: chunked\r\n";
constexpr std::size_t kMaxDigits = 20;
constexpr std::size_t kMost =
    kKeepAlive.size() + kKeepAliveFor.size() + kContentLength.size() + kChunked.size() + 2 * kMaxDigits + 6;

char* put(char* at, std::string_view text) noexcept {
  return std::copy_n(text.data(), text.size(), at);  // memcpy must not see the null of an empty view
}

char* put_connection(char* at, Status status, const HeadContext& context) noexcept {
  // RFC 9110 §7.8, §15.5.22: the Upgrade field is for this hop.
  if (status == Status::kSwitchingProtocols || status == Status::kUpgradeRequired) [[unlikely]]
    return put(at, context.keep_alive ? kUpgrade : kCloseUpgrade);
  if (!context.keep_alive) return put(at, kClose);
  if (context.minor_version != 0) [[likely]]
    return at;
  at = put(at, kKeepAlive);
  if (context.keep_alive_for.count() <= 0) return at;
  return put(append_decimal(put(at, kKeepAliveFor), static_cast<std::uint64_t>(context.keep_alive_for.count())),
             "\r\n");
}

char* put_framing(char* at, const Response& response, std::uint8_t minor_version) noexcept {
  switch (framing_of(response, minor_version)) {
    case BodyFraming::kLength: return put(append_decimal(put(at, kContentLength), *response.body.size()), "\r\n");
    case BodyFraming::kChunked: return put(at, kChunked);
    case BodyFraming::kNone:
    case BodyFraming::kUntilClose: break;
  }
  return at;
}

}  // namespace

BodyFraming framing_of(const Response& response, std::uint8_t minor_version) noexcept {
  if (has_no_body(response.status)) return BodyFraming::kNone;
  if (response.body.size()) [[likely]]
    return BodyFraming::kLength;
  return minor_version == 0 ? BodyFraming::kUntilClose : BodyFraming::kChunked;
}

void append_response_head(io::Buffer& out, const Response& response, const HeadContext& context) {
  const std::string_view line = status_line(response.status);
  const std::string_view fields = response.headers.encoded();
  char* const begin = out.reserve(line.size() + context.common_fields.size() + fields.size() + kMost);
  char* at = begin;
  if (response.status == Status::kOk && !context.ok_head.empty()) {
    at = put(at, context.ok_head);
  } else {
    at = put(put(at, line), context.common_fields);
  }
  at = put(at, fields);
  at = put_connection(at, response.status, context);
  at = put_framing(at, response, context.minor_version);
  at = put(at, "\r\n");
  out.commit(static_cast<std::size_t>(at - begin));
}

}  // namespace flare::http
