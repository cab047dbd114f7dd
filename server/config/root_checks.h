// Static roots: there, readable, and not giving away what they should not (FL0401 to FL0403).
#pragma once

#include "server/config/load_context.h"

namespace flare::server::config {

void check_roots(LoadContext& context, const Config& config);

}  // namespace flare::server::config
