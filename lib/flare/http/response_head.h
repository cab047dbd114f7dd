// Response heads as they go to the wire (RFC 9112 §4, §6; behaviour.md H-17, H-19, H-21).
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "flare/http/message_framing.h"
#include "flare/http/response.h"
#include "flare/io/buffer.h"

namespace flare::http {

/// What the connection knows and the handler does not.
struct HeadContext {
  std::string_view common_fields;  ///< Server and Date lines, encoded
  std::string_view ok_head;        ///< the status line of 200 and common_fields in one piece, or ""
  bool keep_alive = true;
  std::uint8_t minor_version = 1;          ///< the request's: HTTP/1.0 wants its keep-alive confirmed (RFC 9112 §9.3)
  std::chrono::seconds keep_alive_for{0};  ///< told to HTTP/1.0 along with that; 0: not told (H-32)
};

/// How the content of an answer will end, for an answer to a request of HTTP/1.`minor_version`.
BodyFraming framing_of(const Response& response, std::uint8_t minor_version) noexcept;

/// Appends status line, common fields, the response's own, Connection where it differs from the version's default, and
/// the framing, which 1xx, 204 and 304 never carry (RFC 9110 §8.6, §15.4.5). A HEAD answer gets what a GET would. What
/// is framed until the connection closes must come with keep_alive = false.
void append_response_head(io::Buffer& out, const Response& response, const HeadContext& context);

}  // namespace flare::http
