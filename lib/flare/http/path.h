// Request paths: the canonical form that routes compare, and decoding (RFC 3986 §2, §6.2.2). Pure.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "flare/base/reason.h"
#include "flare/http/limits.h"

namespace flare::http {

/// The canonical form of a received path (behaviour.md H-22 to H-26): unreserved characters decoded, other triplets
/// kept with upper-case hex (so "%2F" is never a separator), empty segments merged, a trailing slash kept. Bytes that
/// have no place in a path ('\', '?', '#', space, 0x80 and above) become triplets. `raw` starts with '/' (kBadTarget
/// otherwise) and does not lie in `scratch`. Refused: bad triplets, NUL and controls, encoded or not (kBadEscape),
/// with kStrict what is no UTF-8 when it is decoded (kBadUtf8), literal or encoded "." and ".." segments (kDotSegment).
/// Returns `raw` itself where it is canonical already (the
/// common case: no copy), else a view of `scratch`.
std::expected<std::string_view, Reason> canonical_path(std::string_view raw, std::string& scratch,
                                                       Utf8Policy utf8 = Utf8Policy::kOpaque);

/// All triplets decoded; nullopt where one is malformed.
std::optional<std::string> percent_decode(std::string_view text);
/// Appends `text` with everything but unreserved characters and '/' as triplets; for building Location and links.
void append_percent_encoded(std::string& out, std::string_view text);

/// The host part of an authority, lower-cased, without port and one trailing dot (matching rule M2). An IPv6 literal
/// keeps its brackets. Writes to `scratch` only where the bytes differ.
std::string_view normalize_host(std::string_view authority, std::string& scratch);
/// RFC 3986 §3.2.2 host[:port] without userinfo, as H-8 asks of Host.
bool is_valid_authority(std::string_view authority) noexcept;

}  // namespace flare::http
