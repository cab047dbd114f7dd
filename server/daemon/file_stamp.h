// Whether a file is still the one that was read.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace flare::server {

/// Of what a path leads to now: another file under the name, by rename or by a symbolic link swapped anywhere on the
/// way, shows as well as new content. Default: no file.
struct FileStamp {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = -1;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;

  static FileStamp of(const std::string& path) noexcept;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

}  // namespace flare::server
