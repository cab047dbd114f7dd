// StaticFiles: answers with the files of a folder (behaviour.md F-1 to F-19; config.md M10).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "flare/base/exception.h"
#include "flare/http/request.h"
#include "flare/http/response.h"

namespace flare::handlers {

/// The root is no folder that can be opened. Names it and says why.
class StaticRootError : public Exception {
  using Exception::Exception;
};

struct StaticOptions {
  std::vector<std::string> index = {"index.html"};  ///< what a folder answers with: the first that is there
  /// "": the file is named by Request::tail(), for routes that end in `/**`. Else this file below the root, whatever
  /// the path.
  std::string file;
};

/// GET and HEAD: the file, with strong ETag and Last-Modified, preconditions and single ranges; OPTIONS: 204 with
/// Allow; another method: 405. Only regular files below the root, no symbolic links, no name that begins with a dot
/// (but /.well-known/). A folder without trailing slash is redirected (308), query kept. Files up to kInlineBytes are
/// read here, larger ones are sent by the kernel. Reads the file system on the calling thread. Copies share the root,
/// which stays the folder it was when opened.
class StaticFiles {
 public:
  static constexpr bool kIgnoresContent = true;
  static constexpr std::size_t kInlineBytes = 16 * 1024;

  /// Opens `root`; throws StaticRootError.
  explicit StaticFiles(const std::string& root, StaticOptions options = {});

  http::Response operator()(const http::Request& request) const;

 private:
  struct Site;
  std::shared_ptr<const Site> site_;
};

}  // namespace flare::handlers
