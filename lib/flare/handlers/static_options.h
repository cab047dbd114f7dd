// How a folder is served: what the keys of `static` in the configuration say, for handlers::StaticFiles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "flare/handlers/beneath.h"
#include "flare/handlers/compress_options.h"

namespace flare::handlers {

enum class ListFormat : std::uint8_t {
  kOff,
  kHtml,  ///< JSON where the request's Accept prefers it
  kJson,
};

enum class EtagFrom : std::uint8_t {
  kTime,     ///< size and modification time: equal on replicas whose files have equal times
  kContent,  ///< a hash of all bytes, made when the file is first asked for and whenever it changes
};

/// Cache-Control for the files that `match` (a pattern as in base/glob.h) names.
struct CacheRule {
  std::string match;
  std::string value;
};

struct StaticOptions {
  std::vector<std::string> index = {"index.html"};  ///< what a folder answers with: the first that is there
  /// "": the file is named by Request::tail(), for routes that end in `/**`. Else this file below the root, whatever
  /// the path.
  std::string file;
  /// A file below the root for what is missing, where the request is for a page: it accepts text/html, and the last
  /// segment of its path has no extension. "": none.
  std::string fallback;
  /// Endings of compressed files that may stand beside a file and be sent in its place: "zst", "br", "gz". The first
  /// wins where the client has no preference.
  std::vector<std::string> precompressed;
  ListFormat list = ListFormat::kOff;  ///< of folders without index
  Symlinks symlinks = Symlinks::kNever;
  bool dotfiles = false;  ///< whether names that begin with a dot are served
  EtagFrom etag = EtagFrom::kTime;
  std::vector<CacheRule> cache_control;  ///< the first that matches
  std::size_t cache = 16 * 1024 * 1024;  ///< bytes of small files that each worker keeps in memory; 0: none
  std::size_t open_files = 256;          ///< larger ones that each worker keeps open; 0: none
  std::size_t list_entries = 10'000;     ///< names of one folder that a listing shows
  /// Files up to 1 MiB that may be compressed are, once for each coding, and kept so in the cache. Larger ones and
  /// lists are for a handlers::Compress around this handler, with the same options.
  std::optional<CompressOptions> compress;
};

}  // namespace flare::handlers
