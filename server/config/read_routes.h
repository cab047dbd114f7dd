// Routes: matchers, the one action, ids.
#pragma once

#include <optional>
#include <string_view>

#include "flare/http/route_pattern.h"
#include "server/config/load_context.h"

namespace flare::server::config {

/// What the checks of a host's routes know beside the Route.
struct CheckedPath {
  std::optional<http::RoutePattern> pattern;  ///< set where valid
  bool valid = false;  ///< false: an error was reported for the route, later checks leave it alone
  Location path_at;
};

/// One route of `host`; its settings are left to the caller.
Route read_route(LoadContext& context, const Node& table, std::string_view host, CheckedPath& path);

}  // namespace flare::server::config
