// What is compressed, and how: what the keys of `compress` in the configuration say, for handlers::Compress.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "flare/http/content_coding.h"

namespace flare::handlers {

struct CompressOptions {
  /// The first wins where the client has no preference.
  std::vector<http::ContentCoding> encodings{http::ContentCoding::kZstd, http::ContentCoding::kBrotli,
                                             http::ContentCoding::kGzip};
  std::size_t min_size = 1024;  ///< bytes; smaller contents are sent as they are
  /// Media types without parameters: "application/json", "text/*".
  std::vector<std::string> types{"text/*",
                                 "application/json",
                                 "application/javascript",
                                 "application/xml",
                                 "application/manifest+json",
                                 "application/ld+json",
                                 "application/problem+json",
                                 "application/rss+xml",
                                 "application/atom+xml",
                                 "application/xhtml+xml",
                                 "application/wasm",
                                 "image/svg+xml"};
  /// Contents that each worker compresses while it sends them, at a time; each takes up to about 1 MiB.
  std::uint32_t streams = 128;
};

}  // namespace flare::handlers
