// The effective configuration as sections of key and value: what both dumps print. Private to server/config.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "server/config/config.h"

namespace flare::server::config {

/// An inline table of strings.
using DumpTable = std::vector<std::pair<std::string, std::string>>;
using DumpScalar = std::variant<bool, std::int64_t, std::string, DumpTable>;

struct DumpEntry {
  std::vector<std::string> key;  ///< more than one element for a dotted key
  std::vector<DumpScalar> values;
  bool list = false;
  Origin origin;
};

struct DumpSection {
  std::vector<std::string> path;  ///< {"host", "www", "route"}; empty for the top level
  bool repeated = false;          ///< [[...]]
  std::vector<DumpEntry> entries;
};

std::vector<DumpSection> dump_model(const Config& config);

}  // namespace flare::server::config
