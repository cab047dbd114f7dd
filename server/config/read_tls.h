// [tls], [[tls.cert]] and [host.NAME.client_auth].
#pragma once

#include <optional>

#include "server/config/config.h"
#include "server/config/load_context.h"

namespace flare::server::config {

/// Loads the certificates too: what is wrong with one is FL0301.
void read_tls(LoadContext& context, const Node& document, TlsSettings& tls);
/// nullopt where the host has none, or an error was reported.
std::optional<ClientAuth> read_client_auth(LoadContext& context, const Node& table, const Host& host);

}  // namespace flare::server::config
