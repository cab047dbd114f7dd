// The response head parser (RFC 9112 §4-§6): the client's side, as strict as the server's. Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>
#include <vector>

#include "flare/base/reason.h"
#include "flare/http/field.h"
#include "flare/http/message_framing.h"
#include "flare/http/method.h"
#include "flare/http/status.h"

namespace flare::http {

/// What a response's head, and its trailer section, may take (P-17).
struct ResponseHeadLimits {
  std::uint32_t header_bytes = 64 * 1024;
  std::uint32_t header_count = 200;
};

/// What a head says beside its fields. The view points into the parser's input.
struct ResponseHeadLine {
  std::optional<std::uint64_t> content_length;  ///< as said, also where no content follows (HEAD, 304)
  std::string_view reason_phrase;               ///< may be empty
  Status status = Status::kOk;                  ///< 100 to 599
  BodyFraming framing = BodyFraming::kNone;     ///< for the request that was made (RFC 9112 §6.3)
  std::uint8_t minor_version = 1;               ///< of HTTP/1.x; x > 1 is reported as 1
  bool keep_alive = true;                       ///< RFC 9112 §9.3; never where the connection ends the content

  /// Another head follows (RFC 9110 §15.2); 101 is the last one of HTTP.
  [[nodiscard]] bool is_interim() const noexcept { return code(status) < 200 && status != Status::kSwitchingProtocols; }
};

/// A parsed head. Reused between responses: `fields` keeps its capacity.
struct ResponseHead : ResponseHeadLine {
  std::vector<Field> fields;
};

/// How many bytes the head took; 0: incomplete, call again with more. Or why it is not believed. `input` starts at a
/// response to a request of `method`. Line folding, bare CR or LF, blanks before a colon, conflicting lengths, length
/// with coding, codings that we do not know, and codings in HTTP/1.0 are refused. Limits hold on incomplete input too.
std::expected<std::size_t, Reason> parse_response_head(std::string_view input, Method method,
                                                       const ResponseHeadLimits& limits, ResponseHead& head);

/// The fields of a whole trailer section, with the empty line at its end, as ContentReader::Step gives it, which has
/// checked it already. What a reason means is what it means in a head.
std::expected<void, Reason> parse_trailers(std::string_view section, std::vector<Field>& fields);

}  // namespace flare::http
