// Contents that come piece by piece, compressed as they come.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "flare/handlers/encode.h"
#include "flare/http/content_coding.h"

namespace flare::handlers {

/// One content at a time. May move between threads, but is used by one at a time.
class StreamEncoder {
 public:
  virtual ~StreamEncoder() = default;
  StreamEncoder(const StreamEncoder&) = delete;
  StreamEncoder& operator=(const StreamEncoder&) = delete;

  /// Appends to `out` what makes everything so far readable at the other end. Throws CompressionError.
  virtual void write(std::string_view piece, std::string& out) = 0;
  /// Appends the end of the content.
  virtual void finish(std::string& out) = 0;

 protected:
  StreamEncoder() = default;
};

/// Takes at most about 1 MiB, however long the content is. gzip and zstd compressors come from those that this thread
/// has kept, and go back to the thread that lets go of them. Throws CompressionError.
std::shared_ptr<StreamEncoder> make_stream_encoder(http::ContentCoding coding);

}  // namespace flare::handlers
