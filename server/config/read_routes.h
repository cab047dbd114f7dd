// Routes: matchers, the one action, ids.
#pragma once

#include <string_view>

#include "server/config/load_context.h"
#include "server/config/pattern.h"

namespace flare::server::config {

/// What the checks of a host's routes know beside the Route.
struct RoutePattern {
  Pattern pattern;
  bool valid = false;  ///< false: an error was reported for the route, later checks leave it alone
  Location path_at;
};

/// One route of `host`; its settings are left to the caller.
Route read_route(LoadContext& context, const Node& table, std::string_view host, RoutePattern& pattern);

}  // namespace flare::server::config
