// Whole contents, compressed in one go.
#pragma once

#include <string>
#include <string_view>

#include "flare/base/exception.h"
#include "flare/http/content_coding.h"

namespace flare::handlers {

/// A compression library gave up: out of memory, mostly.
class CompressionError : public Exception {
  using Exception::Exception;
};

/// How much work is worth it.
enum class Effort : std::uint8_t {
  kOnce,  ///< the bytes are sent once
  kKept,  ///< they are kept, and sent to many
};

/// `bytes` in `coding`: one gzip member, zstd frame or brotli stream. Each thread keeps its compressors and one buffer
/// for the next call. Throws CompressionError.
std::string encode(http::ContentCoding coding, std::string_view bytes, Effort effort);

}  // namespace flare::handlers
