// The document against the key table: unknown and misplaced keys, types, units, words, ranges, required keys.
#pragma once

#include "server/config/load_context.h"

namespace flare::server::config {

/// Reports what is wrong and marks those nodes as bad, so that every later step may take the rest for granted.
void check_keys(LoadContext& context, Node& document);

}  // namespace flare::server::config
