// Whether certificates, listeners and hosts fit together: FL0302 to FL0304, and warnings of expiry.
#pragma once

#include "server/config/load_context.h"

namespace flare::server::config {

/// After everything is read.
void check_tls(LoadContext& context, const Config& config);

}  // namespace flare::server::config
