// The opening handshake over a connection: a client's request, a server's answer (RFC 6455 §4.1).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "flare/base/error.h"
#include "flare/http/client_connection.h"
#include "flare/http/response_head_parser.h"
#include "flare/http/url.h"
#include "flare/ws/client_handshake.h"
#include "flare/ws/connect_options.h"

namespace flare::ws {

/// All heads of a server's answer together, and a connection's buffer for them.
inline constexpr std::uint32_t kAnswerBytes = 16 * 1024;

/// The request's head. Throws std::invalid_argument where `more` has a field of the handshake's own or of framing,
/// HeaderInjectionError where an option is no field value.
std::string upgrade_request(const ClientHandshake& handshake, const http::Url& url, const http::HeaderMap& more);
/// What `head` comes to; `answer` gets it.
Result<Agreement> take_answer(const ClientHandshake& handshake, const http::ResponseHead& head, Answer& answer);
/// The error of an answer that is no HTTP.
Error answer_error(Error error, Answer& answer);

/// Sends `request`, which is upgrade_request()'s, and waits for the answer; what follows it is connection.surplus().
/// Errors: kProtocol with kWsRefused, the server answered with another status than 101, or with kWsBadHandshake, it did
/// not agree as it should have (answer.words says more); else those of the connection.
template <io::ReusableStream Stream>
runtime::Task<Result<Agreement>> exchange_upgrade(http::ClientConnection<Stream>& connection,
                                                  const ClientHandshake& handshake, std::string_view request,
                                                  std::chrono::milliseconds timeout, Answer& answer) {
  http::ClientLimits limits;
  limits.head.header_bytes = kAnswerBytes;
  limits.first_byte = limits.write_idle = timeout;
  connection.begin(http::Method::kGet, limits);
  const io::Pieces pieces(request);
  static_cast<void>(co_await connection.send(pieces));  // who refuses may not have read it all: the answer tells
  for (;;) {
    const auto head = co_await connection.receive_head();
    if (!head) co_return std::unexpected(answer_error(head.error(), answer));
    if (!(*head)->is_interim()) co_return take_answer(handshake, **head, answer);
  }
}

}  // namespace flare::ws
