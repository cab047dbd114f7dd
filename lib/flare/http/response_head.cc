#include "flare/http/response_head.h"

#include <algorithm>

#include "flare/base/numbers.h"

namespace flare::http {
namespace {

constexpr std::string_view kClose = "Connection: close\r\n";
constexpr std::string_view kKeepAlive = "Connection: keep-alive\r\n";
constexpr std::string_view kContentLength = "Content-Length: ";
constexpr std::size_t kMaxDigits = 20;

std::string_view connection_field(const HeadContext& context) noexcept {
  if (!context.keep_alive) return kClose;
  return context.minor_version == 0 ? kKeepAlive : std::string_view();
}

char* put(char* at, std::string_view text) noexcept {
  return std::copy_n(text.data(), text.size(), at);  // memcpy must not see the null of an empty view
}

}  // namespace

void append_response_head(io::Buffer& out, const Response& response, const HeadContext& context) {
  const std::string_view line = status_line(response.status);
  const std::string_view fields = response.headers.encoded();
  const std::string_view connection = connection_field(context);
  char* const begin = out.reserve(line.size() + context.common_fields.size() + fields.size() + connection.size() +
                                  kContentLength.size() + kMaxDigits + 4);
  char* at = begin;
  if (response.status == Status::kOk && !context.ok_head.empty()) {
    at = put(at, context.ok_head);
  } else {
    at = put(put(at, line), context.common_fields);
  }
  at = put(at, fields);
  at = put(at, connection);
  if (!has_no_body(response.status)) {
    at = put(at, kContentLength);
    at = append_decimal(at, response.body.size());
    at = put(at, "\r\n");
  }
  at = put(at, "\r\n");
  out.commit(static_cast<std::size_t>(at - begin));
}

}  // namespace flare::http
