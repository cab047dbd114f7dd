// `allow` and `deny` of presets, hosts and routes, and the lists of peers that other keys have, too.
#pragma once

#include <string_view>

#include "server/config/load_context.h"

namespace flare::server::config {

/// A list of networks, addresses and "unix": reports what is none of these, and leaves it out.
net::PeerSet read_peers(LoadContext& context, const Node& list);

/// `table`.allow and .deny: reports what is no network, and an `allow` that lets nobody in.
void check_access(LoadContext& context, Node& table);
/// `table`.allow and .deny, once they are checked, onto `access`: each replaces what an outer level says. `via` names
/// the preset.
void apply_access(const LoadContext& context, AccessSettings& access, const Node& table, std::string_view via = {});

}  // namespace flare::server::config
