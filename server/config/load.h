// Loading a configuration: one call, one result, every error in one run.
#pragma once

#include <optional>
#include <string>

#include "server/config/config.h"
#include "server/config/diagnostic.h"
#include "server/config/files.h"

namespace flare::server::config {

struct LoadOptions {
  const Files* files = nullptr;  ///< nullptr: system_files(); otherwise it must outlive the call
  bool strict = false;           ///< warnings are errors
};

struct LoadResult {
  Config config;  ///< complete and valid only where ok()
  Diagnostics diagnostics;

  [[nodiscard]] bool ok() const noexcept { return !diagnostics.has_errors(); }
};

/// Reads `path` and its includes, checks everything that can be checked without binding. Throws nothing of its own.
LoadResult load(const std::string& path, const LoadOptions& options = {});
/// The same from memory; `name` stands for the main file's path: relative paths start at its folder.
LoadResult load_text(const std::string& name, std::string text, const LoadOptions& options = {});

}  // namespace flare::server::config
