// A folder and what the names below it stand for (behaviour.md F-2 to F-9, F-18, F-22, F-23).
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flare/base/glob.h"
#include "flare/base/reason.h"
#include "flare/handlers/beneath.h"
#include "flare/handlers/file_entry.h"
#include "flare/handlers/listing.h"
#include "flare/handlers/static_options.h"
#include "flare/http/status.h"
#include "flare/net/unique_fd.h"

namespace flare::handlers {

/// What a request asks of the file system; owns what it holds, so that another thread can find the answer.
struct FileQuestion {
  std::string path;           ///< decoded, below the root, without slash at its end; "": the root itself
  bool wants_folder = false;  ///< the request's path ended with a slash
  bool may_fall_back = false;
  bool wants_json = false;  ///< of a listing
  bool only_utf8 = false;   ///< of a listing
  std::string title;        ///< of a listing: the folder's path as the client knows it, decoded
  /// What was known of the file and of the fallback: what has not changed is taken from there.
  std::shared_ptr<const FileEntry> before;
  std::shared_ptr<const FileEntry> fallback_before;
  bool fallback_is_fresh = false;  ///< it was looked at a moment ago, and need not be again
};

struct FileAnswer {
  enum class Kind : std::uint8_t {
    kFile,
    kFallback,  ///< the file is options.fallback
    kFolder,    ///< and the path has no slash at its end
    kListing,
    kRefused,
    kWouldBlock,  ///< only with Patience::kNever
  };
  Kind kind = Kind::kRefused;
  std::shared_ptr<const FileEntry> entry{};
  bool looked = true;  ///< at the entry's file; false: it is the question's fresh one
  std::string listing{};
  http::Status status = http::Status::kNotFound;  ///< of a refusal
  Reason why = Reason::kNone;
};

/// Any thread. What is put in place of the root is found within a second.
class FileTree {
 public:
  /// Opens `root`; throws StaticRootError (static_files.h), also for patterns that are none.
  FileTree(const std::string& root, StaticOptions options);

  [[nodiscard]] const StaticOptions& options() const noexcept { return options_; }
  [[nodiscard]] FileAnswer find(const FileQuestion& question, Patience patience) const;
  /// One variant more of `entry`, made well where a cache has room for it, quickly where it will not be kept. Errors
  /// as of read_content. Throws CompressionError.
  [[nodiscard]] Result<FileVariant> encode(const FileEntry& entry, http::ContentCoding coding) const;

 private:
  struct OpenFile {
    net::UniqueFd fd;
    struct stat status = {};
  };
  struct Root {
    static std::shared_ptr<const Root> open(const std::string& path);  ///< nullptr, with errno
    net::UniqueFd folder;
    dev_t device = 0;
    ino_t inode = 0;
    BeneathMethod method = BeneathMethod::kWalk;
  };
  [[nodiscard]] std::shared_ptr<const Root> root() const;
  [[nodiscard]] Result<OpenFile> open(const std::string& path, Patience patience) const;
  [[nodiscard]] FileAnswer find_named(const FileQuestion& question, Patience patience) const;
  [[nodiscard]] FileAnswer find_index(const FileQuestion& question, OpenFile folder, Patience patience) const;
  [[nodiscard]] FileAnswer list(const FileQuestion& question, net::UniqueFd folder) const;
  [[nodiscard]] FileAnswer load(const std::string& path, OpenFile file, const FileEntry* before,
                                Patience patience) const;
  [[nodiscard]] Result<void> add_sidecars(const std::string& path, FileEntry& entry, const FileEntry* before,
                                          Patience patience) const;
  [[nodiscard]] Result<FileVariant> make_variant(std::string_view coding, OpenFile file, const FileEntry* before,
                                                 Patience patience) const;
  [[nodiscard]] Result<FileVariant> try_variant(std::string_view coding, OpenFile& file, const FileEntry* before,
                                                Patience patience) const;
  [[nodiscard]] Result<std::string> make_tag(const FileVariant& variant, int file, Patience patience) const;
  void describe(const std::string& path, FileEntry& entry) const;
  void keep_made(FileEntry& entry, const FileEntry* before) const;
  [[nodiscard]] std::optional<std::string_view> cache_control(std::string_view path) const;

  std::string path_;  ///< of the root
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Root> root_;
  mutable std::int64_t looked_ = 0;  ///< in which second
  StaticOptions options_;
  std::vector<std::pair<Glob, std::string>> cache_control_;
};

/// F-7: what the peer learns of an error.
FileAnswer refusal_for(const Error& error) noexcept;

}  // namespace flare::handlers
