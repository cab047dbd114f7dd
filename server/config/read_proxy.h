// The action `proxy` of a route. Private to server/config.
#pragma once

#include <optional>

#include "server/config/load_context.h"

namespace flare::server::config {

/// Reports what is wrong; nullopt where nothing can be made of it.
std::optional<Proxy> read_proxy(LoadContext& context, const Node& table);

}  // namespace flare::server::config
