#include "flare/ws/upgrade_exchange.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "flare/base/ascii.h"
#include "flare/http/request_head_writer.h"
#include "flare/io/buffer.h"

namespace flare::ws {
namespace {

bool is_handshakes_own(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 6> kOwn{"Host",   "Connection",     "Upgrade",
                                                 "Origin", "Content-Length", "Transfer-Encoding"};
  constexpr std::string_view kPrefix = "Sec-WebSocket-";
  return ascii::iequals(name.substr(0, kPrefix.size()), kPrefix) ||
         std::ranges::any_of(kOwn, [name](std::string_view own) { return ascii::iequals(name, own); });
}

Error of_server(ErrorKind kind, Reason reason) noexcept {
  return {.kind = kind, .source = ErrorSource::kUpstream, .reason = reason};
}

}  // namespace

std::string upgrade_request(const ClientHandshake& handshake, const http::Url& url, const http::HeaderMap& more) {
  more.for_each([](std::string_view name, std::string_view) {
    if (is_handshakes_own(name))
      throw std::invalid_argument("ws::ConnectOptions::fields: " + std::string(name) +
                                  " is for the handshake to send; ConnectOptions::handshake has what can be chosen");
  });
  http::HeaderMap fields = handshake.request_fields();
  fields.append_encoded(more.encoded());
  const std::string host = url.authority();
  io::Buffer head(512);
  http::append_request_head(head, {.method = "GET",
                                   .target = url.request_target(),
                                   .host = host,
                                   .fields = {},
                                   .encoded_fields = fields.encoded()});
  return std::string(head.view());
}

Result<Agreement> take_answer(const ClientHandshake& handshake, const http::ResponseHead& head, Answer& answer) {
  answer.status = head.status;
  for (const http::Field& field : head.fields) answer.fields.append(field.name, field.value);
  if (head.status != http::Status::kSwitchingProtocols) {
    answer.words = std::to_string(http::code(head.status)) + " " + std::string(http::reason_phrase(head.status));
    return std::unexpected(of_server(ErrorKind::kProtocol, Reason::kWsRefused));
  }
  auto agreement = handshake.check(head.status, http::Fields(head.fields));
  if (agreement) return *std::move(agreement);
  answer.words = "the server switches protocols, but not as it was asked to (RFC 6455 section 4.1)";
  return std::unexpected(of_server(ErrorKind::kProtocol, agreement.error()));
}

Error answer_error(Error error, Answer& answer) {
  if (error.kind != ErrorKind::kProtocol) return error;
  answer.words = "the answer is no HTTP/1.1 (" + std::string(to_string(error.reason)) + ")";
  return of_server(ErrorKind::kProtocol, Reason::kWsBadHandshake);
}

}  // namespace flare::ws
