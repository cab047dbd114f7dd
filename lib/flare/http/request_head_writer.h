// Request heads as they go to the wire (RFC 9112 §3, §6): the client's side.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "flare/http/field.h"
#include "flare/http/message_framing.h"
#include "flare/io/buffer.h"

namespace flare::http {

/// Views that live as long as the call. Fields have to be valid: parsed ones are, and a HeaderMap's encoded() is.
struct OutgoingRequest {
  std::string_view method;
  std::string_view target;  ///< as it goes to the wire (RFC 9112 §3.2)
  std::string_view host;    ///< RFC 9112 §3.2: required, may be ""
  std::span<const Field> fields;
  std::string_view encoded_fields;  ///< more of them, in wire form
  BodyFraming framing = BodyFraming::kNone;
  std::uint64_t content_length = 0;  ///< with kLength
};

/// Appends the head, Host first, to its empty line. Adds Content-Length or Transfer-Encoding and no other field:
/// `fields` may have neither, nor Host. Throws HeaderInjectionError where method, target or host could break out of its
/// line.
void append_request_head(io::Buffer& out, const OutgoingRequest& request);

}  // namespace flare::http
