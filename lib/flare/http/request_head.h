// The request head parser (RFC 9112 §2-§6): pure, strict, one pass.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>
#include <vector>

#include "flare/base/reason.h"
#include "flare/http/field.h"
#include "flare/http/limits.h"
#include "flare/http/method.h"

namespace flare::http {

enum class TargetForm : std::uint8_t { kOrigin, kAbsolute, kAsterisk };
/// How the content that follows the head ends (RFC 9112 §6.3).
enum class Framing : std::uint8_t { kNone, kLength, kChunked };

/// What a head says beside its fields. Every view points into the parser's input.
struct RequestHeadLine {
  std::uint64_t content_length = 0;
  std::string_view method_token;
  std::string_view target;     ///< as received
  std::string_view authority;  ///< who the request is for: absolute-form's authority, else Host; "" in 1.0 without Host
  std::string_view path;   ///< the target's path as received, never empty ("/" for an empty absolute-form path, "*")
  std::string_view query;  ///< without '?', as received
  Method method = Method::kGet;
  TargetForm form = TargetForm::kOrigin;
  Framing framing = Framing::kNone;
  std::uint8_t minor_version = 1;  ///< of HTTP/1.x; x > 1 is reported as 1
  bool keep_alive = true;          ///< RFC 9112 §9.3
  bool expect_continue = false;    ///< Expect: 100-continue on HTTP/1.1
  bool secure_scheme = false;      ///< absolute-form with https
  bool has_query = false;          ///< "/a?" has an empty one
};

/// A parsed head. Reused between requests: `fields` keeps its capacity.
struct RequestHead : RequestHeadLine {
  std::vector<Field> fields;
};

/// How many bytes the head took; 0: incomplete, call again with more. Or why it is refused (status_for gives the
/// answer). `input` starts at a request; up to one empty line before it is skipped and counted (H-1). Rules:
/// behaviour.md H-1 to H-9, H-11, H-12. Limits are enforced on incomplete input too.
std::expected<std::size_t, Reason> parse_request_head(std::string_view input, const Limits& limits,
                                                      RequestHead& head) noexcept;

}  // namespace flare::http
