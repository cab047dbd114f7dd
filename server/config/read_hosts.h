// [host.*] and the top-level routes: names, listeners, routes and their merged settings (M8).
#pragma once

#include "server/config/load_context.h"

namespace flare::server::config {

/// Fills config.hosts. Reports FL0101, FL0107, FL0201, FL0202 and whatever routes have wrong.
/// `complete` is false where a file is missing from the document: then nothing is called absent or unused.
void read_hosts(LoadContext& context, Node& document, Config& config, bool complete);

}  // namespace flare::server::config
