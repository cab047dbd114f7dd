// A route's `websocket`, `hub` and `ws`: from checked nodes to typed values.
#pragma once

#include <optional>

#include "server/config/load_context.h"

namespace flare::server::config {

/// `table`: the route's; `action`: the table of that name in it. nullopt where an error was reported.
std::optional<WebSocket> read_websocket(LoadContext& context, const Node& table, const Node& action);
std::optional<Hub> read_hub(LoadContext& context, const Node& table, const Node& action);

}  // namespace flare::server::config
