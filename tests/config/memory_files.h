// A file system and an environment in memory, for tests and the fuzzer.
#pragma once

#include <fnmatch.h>

#include <map>
#include <string>
#include <utility>

#include "server/config/files.h"

namespace flare::server::config {

class MemoryFiles final : public Files {
 public:
  struct Entry {
    std::string text;
    unsigned mode = 0640;
    bool is_directory = false;
    bool readable = true;
  };
  std::map<std::string, Entry> entries;
  std::map<std::string, std::string> variables;
  std::vector<std::string> home_folders;

  std::expected<std::string, std::string> read(const std::string& path) const override {
    const auto found = entries.find(path);
    if (found == entries.end() || found->second.is_directory) return std::unexpected("No such file or directory");
    if (!found->second.readable) return std::unexpected("Permission denied");
    return found->second.text;
  }
  std::vector<std::string> glob(const std::string& pattern) const override {
    std::vector<std::string> paths;
    for (const auto& [path, entry] : entries) {
      if (::fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME) == 0) paths.push_back(path);
    }
    return paths;
  }
  std::optional<FileFacts> facts(const std::string& path) const override {
    const auto found = entries.find(path);
    if (found == entries.end()) return std::nullopt;
    const Entry& entry = found->second;
    const std::string canonical = path == "." ? "/etc/flared" : path.starts_with('/') ? path : "/etc/flared/" + path;
    return FileFacts{canonical, entry.is_directory, entry.readable, entry.mode};
  }
  std::optional<std::string> environment(const std::string& name) const override {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  }
  std::vector<std::string> homes() const override { return home_folders; }
  std::string user() const override { return "uid 990 (flare)"; }
};

}  // namespace flare::server::config
