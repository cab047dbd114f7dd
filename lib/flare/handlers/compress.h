// Compress: middleware that compresses what a handler answers.
#pragma once

#include <memory>

#include "flare/handlers/compress_options.h"
#include "flare/http/handler.h"

namespace flare::handlers {

/// Answers of the listed types leave in the coding that the client prefers, with Vary, a weak entity-tag of their own
/// (which If-None-Match may name: 304) and, up to 1 MiB, with their length; longer ones and sources are compressed
/// while they are sent, each piece leaving at once. More than 32 KiB are compressed in the worker's offload pool,
/// whereupon the answer is a task. Untouched: parts (206), 204, 304, event streams, what has a Content-Encoding, a
/// digest of its bytes or Cache-Control: no-transform, and streams beyond options.streams (reason compress_streams). A
/// GET that excludes identity and every coding there is: 406.
class Compress {
 public:
  Compress(CompressOptions options, http::Handler handler);

  http::Reply operator()(http::Request& request) const;

 private:
  std::shared_ptr<const CompressOptions> options_;
  http::Handler handler_;
};

}  // namespace flare::handlers
