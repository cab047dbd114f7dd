// A file ready to be answered with: its representations, their fields, their content or descriptor.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "flare/http/header_map.h"
#include "flare/net/shared_fd.h"

namespace flare::handlers {

/// Files up to this size are answered from memory, head and content in one write; larger ones by the kernel.
inline constexpr std::size_t kInlineBytes = 16 * 1024;

inline constexpr std::string_view kIdentity = "identity";

/// What tells the versions of a file apart.
struct FileStamp {
  dev_t device = 0;
  ino_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;  ///< by the kernel's clock, which nobody sets back for one file

  static FileStamp of(const struct stat& status) noexcept;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

/// One representation. `fields` and `validators` are whole: all that a 200 and a 304 carry but for the message's own.
struct FileVariant {
  std::string_view coding = kIdentity;  ///< a content coding (RFC 9110 §8.4.1)
  FileStamp stamp;
  /// Had not changed for a while when it was read: the same stamp will mean the same bytes. A file that is being
  /// written may change twice within one tick of the clock.
  bool settled = false;
  std::string etag;
  std::time_t modified = 0;  ///< as in Last-Modified
  bool date_is_strong = false;
  http::HeaderMap fields;
  http::HeaderMap validators;
  std::shared_ptr<const std::string> content;  ///< nullptr: in `file`
  net::SharedFd file;
  bool cold = false;    ///< see http::FileRange
  bool made = false;    ///< compressed here; has no parts
  bool futile = false;  ///< and not smaller for it: only for who does not take the content as it is
};

/// Immutable once made; shared by a cache and the answers under way.
struct FileEntry {
  std::vector<FileVariant> variants;  ///< without coding first; the others in the order of preference
  bool negotiable = false;            ///< Accept-Encoding is looked at
  bool compressible = false;          ///< variants may be made

  /// What is sent from descriptors is still what the fields say: a file that was written in place has new bytes
  /// already.
  [[nodiscard]] bool fits_its_files() const noexcept;
  [[nodiscard]] const FileVariant* find(std::string_view coding) const noexcept;
  /// What keeping it costs.
  [[nodiscard]] std::size_t bytes() const noexcept;
  [[nodiscard]] std::size_t descriptors() const noexcept;
};

}  // namespace flare::handlers
