#include "flare/http/request_head_writer.h"

#include <algorithm>

#include "flare/base/numbers.h"
#include "flare/base/quote.h"
#include "flare/http/byte_scan.h"
#include "flare/http/header_map.h"
#include "flare/http/path.h"

namespace flare::http {
namespace {

constexpr std::string_view kVersionAndHost = " HTTP/1.1\r\nHost: ";
constexpr std::string_view kContentLength = "Content-Length: ";
constexpr std::string_view kChunked = "Transfer-Encoding: chunked\r\n";

bool is_target(std::string_view text) noexcept {
  const char* const end = text.data() + text.size();
  return !text.empty() && detail::ScalarScan::skip<detail::ByteSet::kTarget>(text.data(), end) == end;
}

void check(const OutgoingRequest& request) {
  if (!ascii::is_token(request.method)) throw HeaderInjectionError("no method: " + quote(request.method));
  if (!is_target(request.target)) throw HeaderInjectionError("no request target: " + quote(request.target));
  if (!request.host.empty() && !is_valid_authority(request.host))
    throw HeaderInjectionError("no host: " + quote(request.host));
}

char* put(char* at, std::string_view text) noexcept { return std::copy_n(text.data(), text.size(), at); }

}  // namespace

void append_request_head(io::Buffer& out, const OutgoingRequest& request) {
  check(request);
  std::size_t most = request.method.size() + request.target.size() + request.host.size() +
                     request.encoded_fields.size() + kVersionAndHost.size() + kContentLength.size() + kChunked.size() +
                     kMaxDecimalDigits + 8;
  for (const Field& field : request.fields) most += field.name.size() + field.value.size() + 4;
  char* const begin = out.reserve(most);
  char* at = put(put(begin, request.method), " ");
  at = put(put(put(put(at, request.target), kVersionAndHost), request.host), "\r\n");
  for (const Field& field : request.fields) at = put(put(put(put(at, field.name), ": "), field.value), "\r\n");
  at = put(at, request.encoded_fields);
  switch (request.framing) {
    case BodyFraming::kLength: at = put(append_decimal(put(at, kContentLength), request.content_length), "\r\n"); break;
    case BodyFraming::kChunked: at = put(at, kChunked); break;
    case BodyFraming::kNone:
    case BodyFraming::kUntilClose: break;  // no request's content ends so
  }
  at = put(at, "\r\n");
  out.commit(static_cast<std::size_t>(at - begin));
}

}  // namespace flare::http
