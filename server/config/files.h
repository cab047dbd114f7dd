// The outside world as the loader sees it: files, folders, the environment. Tests and the fuzzer bring their own.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flare::server::config {

/// What a static root or a secret's file looks like.
struct FileFacts {
  std::string canonical;  ///< absolute, without symbolic links
  bool is_directory = false;
  bool readable = false;  ///< by this process; a directory must also be searchable
  unsigned mode = 0;      ///< permission bits with sticky, as in 01777
};

class Files {
 public:
  virtual ~Files() = default;

  /// The content, or the system's words for why not. Refuses files over 4 MiB: no configuration is that large.
  virtual std::expected<std::string, std::string> read(const std::string& path) const = 0;
  /// The paths that match a shell pattern, sorted.
  virtual std::vector<std::string> glob(const std::string& pattern) const = 0;
  /// nullopt where nothing is there.
  virtual std::optional<FileFacts> facts(const std::string& path) const = 0;
  virtual std::optional<std::string> environment(const std::string& name) const = 0;
  /// Canonical home directories of root and of people (not those of system accounts).
  virtual std::vector<std::string> homes() const = 0;
  /// "uid 1000 (www)": who would read the files.
  virtual std::string user() const = 0;
};

/// The real file system and environment of this process.
const Files& system_files();

/// `path` as seen from the folder of `base_file`; absolute paths stay as they are.
std::string relative_to(const std::string& base_file, std::string_view path);

}  // namespace flare::server::config
