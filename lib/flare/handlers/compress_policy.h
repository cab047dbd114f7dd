// Which contents are compressed, and in which coding (RFC 9110 §8.4, §12.5.3). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "flare/handlers/compress_options.h"
#include "flare/http/field.h"
#include "flare/http/header_map.h"

namespace flare::handlers {

/// Contents up to this size are compressed whole, so that their length is known; larger ones while they are sent.
inline constexpr std::size_t kLargestWhole = 1024 * 1024;
/// More than this is compressed in the offload pool: at the slowest coding, brotli, a worker would stand still for
/// about half a millisecond.
inline constexpr std::size_t kLargestInline = 32 * 1024;

/// Whether one of `types` is that of `content_type` ("text/html; charset=utf-8"). Event streams never are (P-21).
bool is_compressible(const CompressOptions& options, std::string_view content_type) noexcept;

/// Cache-Control without no-transform (RFC 9111 §5.2.2.6).
bool may_transform(std::string_view cache_control) noexcept;

enum class Verdict : std::uint8_t {
  kIdentity,
  kEncode,
  kNotAcceptable,  ///< the client takes none of the codings, and not identity either
};
struct CodingChoice {
  Verdict verdict = Verdict::kIdentity;
  http::ContentCoding coding = http::ContentCoding::kGzip;  ///< with kEncode
};
/// What a client with these fields gets of a content that may be compressed. `worth_it`: it is large enough; one that
/// is not is compressed only where identity is excluded.
CodingChoice choose_coding(const CompressOptions& options, http::Fields fields, bool worth_it) noexcept;

/// The entity-tag of the encoded variant: weak, and none of another coding's. "\"x\"" and gzip: "W/\"x-gzip\"". ""
/// where `etag` is none.
std::string encoded_etag(std::string_view etag, std::string_view coding);

/// Vary names `field`, whatever else it names.
void vary_by(http::HeaderMap& headers, std::string_view field);
inline void vary_by_encoding(http::HeaderMap& headers) { vary_by(headers, "Accept-Encoding"); }

}  // namespace flare::handlers
