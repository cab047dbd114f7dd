// [server], [listen.*], [log.*], [drain]: from checked nodes to typed values.
#pragma once

#include "server/config/load_context.h"

namespace flare::server::config {

void read_server(LoadContext& context, const Node& document, ServerSettings& server);
void read_listeners(LoadContext& context, const Node& document, std::vector<Listener>& listeners);
void read_log(LoadContext& context, const Node& document, LogSettings& log);
void read_drain(LoadContext& context, const Node& document, Config& config);

}  // namespace flare::server::config
