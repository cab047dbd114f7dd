// Where something stands in a configuration file, and the files themselves.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace flare::server::config {

/// A place in one of the files of a SourceSet. line and column count from 1; line 0 means "no place".
struct Location {
  std::uint32_t file = 0;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t length = 1;  ///< characters to underline, on that line

  [[nodiscard]] bool known() const noexcept { return line != 0; }
};

/// A place as people read it: independent of the SourceSet it came from.
struct Place {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t length = 1;
  std::string line_text;  ///< the whole line, "" where there is none to show
};

struct SourceFile {
  std::string name;  ///< as the operator wrote it, or relative to the main file's folder
  std::string text;
};

/// Every file that one load read; the first is the main file.
class SourceSet {
 public:
  /// The index of the new file.
  std::uint32_t add(std::string name, std::string text);
  [[nodiscard]] const std::vector<SourceFile>& files() const noexcept { return files_; }
  [[nodiscard]] Place place(const Location& location) const;

 private:
  std::vector<SourceFile> files_;
};

}  // namespace flare::server::config
