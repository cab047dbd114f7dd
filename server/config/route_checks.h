// Whether the routes of one host can be told apart (FL0102) and reached (FL0103), by rules M3 to M5.
#pragma once

#include <vector>

#include "server/config/load_context.h"
#include "server/config/read_routes.h"

namespace flare::server::config {

/// `paths` are those of host.routes, in that order.
void check_routes(LoadContext& context, const Host& host, const std::vector<CheckedPath>& paths);

}  // namespace flare::server::config
