// Documents derived from the key table.
#pragma once

#include <string>

namespace flare::server::config {

/// docs/config.md: every key with type, range, default, where it may stand, and prose.
std::string render_markdown();
/// docs/flare.schema.json: JSON Schema 2020-12 for editors that check TOML.
std::string render_json_schema();

}  // namespace flare::server::config
