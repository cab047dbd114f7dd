// [upstream.*]: pools of servers, and who refers to them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/config/load_context.h"

namespace flare::server::config {

void read_upstreams(LoadContext& context, const Node& document, std::vector<Upstream>& upstreams);

/// "http://127.0.0.1:3000", "https://app.example.net", "unix:/run/app.sock": a pool of that one server. nullopt where
/// it is none; what is wrong with it has been reported then.
std::optional<Upstream> implied_upstream(LoadContext& context, const Node& url);
/// Whether a text is such a server, and not a pool's name.
bool is_server_url(std::string_view text) noexcept;

/// `retry = { ... }` of a pool or a route.
void read_retry_options(LoadContext& context, const Node& table, handlers::RetryOptions& retry);

/// Names of pools that routes refer to exist (FL0201), and have a purpose (FL0202, where `complete`).
void check_upstream_names(LoadContext& context, const Node& document, const std::vector<Upstream>& upstreams,
                          bool complete);

}  // namespace flare::server::config
