// [rate.NAME], and who names them.
#pragma once

#include <vector>

#include "server/config/load_context.h"

namespace flare::server::config {

void read_rates(LoadContext& context, const Node& document, std::vector<Rate>& rates);

/// `rate` of every preset, host and route: FL0201 for a name that is not in `rates`. Where `complete`, FL0202 for rates
/// that nothing names.
void check_rate_names(LoadContext& context, const Node& document, const std::vector<Rate>& rates, bool complete);

}  // namespace flare::server::config
