// StaticFiles: answers with the files of a folder (behaviour.md F-1 to F-23; config.md M10).
#pragma once

#include <memory>
#include <string>

#include "flare/base/exception.h"
#include "flare/handlers/static_options.h"
#include "flare/http/handler.h"

namespace flare::handlers {

/// The root is no folder that can be opened, or an option is no pattern. Names it and says why.
class StaticRootError : public Exception {
  using Exception::Exception;
};

/// `router.any("/**", handlers::StaticFiles("public"))`: GET and HEAD are answered with the file that the path names
/// below the root, with strong ETag and Last-Modified, preconditions and ranges; OPTIONS: 204 with Allow; another
/// method: 405. Only regular files; a folder without trailing slash is redirected (308), query kept. On a worker, files
/// are remembered for a second at a time, small ones with their content, and what may have to wait for a disk does so
/// in the worker's offload pool, whereupon the answer is a task; without a worker all is done at once, on this thread.
/// Copies share the root; another folder that takes its name is served within a second.
class StaticFiles {
 public:
  /// Opens `root`; throws StaticRootError.
  explicit StaticFiles(const std::string& root, StaticOptions options = {});

  http::Reply operator()(http::Request& request) const;

 private:
  struct Site;
  std::shared_ptr<const Site> site_;
};

}  // namespace flare::handlers
