// `auth` and `cors` of presets, hosts and routes.
#pragma once

#include <string_view>

#include "server/config/load_context.h"

namespace flare::server::config {

/// `table`.auth and .cors: reports what cannot be used, the users' file and the server of a subrequest included.
void check_auth(LoadContext& context, Node& table);
/// The same, once checked, onto `auth` and `cors`: key by key. `via` names the preset.
void apply_auth(const LoadContext& context, AuthSettings& auth, const Node& table, std::string_view via);
void apply_cors(const LoadContext& context, CorsSettings& cors, const Node& table, std::string_view via);

}  // namespace flare::server::config
