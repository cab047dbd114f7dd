// The effective configuration, as flared -T and `flared config show` print it: merged, presets expanded, secrets as
// "***".
#pragma once

#include <string>
#include <string_view>

#include "server/config/config.h"

namespace flare::server::config {

/// TOML that loads to the same configuration (but for secrets). `origins` ends every line with where it comes from.
std::string dump_toml(const Config& config, bool origins = false);
/// The same as JSON; `origins` wraps every value: {"value": ..., "origin": "flare.toml:12"}.
std::string dump_json(const Config& config, bool origins = false);

/// A TOML basic string.
std::string toml_quote(std::string_view text);

}  // namespace flare::server::config
