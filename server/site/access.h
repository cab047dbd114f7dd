// What stands before a route's handler: who may ask, and which pages may read the answers.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "flare/handlers/upstream/upstream_pool.h"
#include "flare/http/handler.h"
#include "flare/http/header_map.h"
#include "server/config/config.h"

namespace flare::server::site {

using Pools = std::unordered_map<std::string, std::shared_ptr<handlers::UpstreamPool>>;
using Report = std::function<void(const std::string&)>;

/// `handler` behind what `settings.auth` asks for. `instance` is the process's token in Via. Throws
/// handlers::PasswordFileError.
http::Handler with_auth(const config::AuthSettings& auth, const Pools& pools, const std::string& instance,
                        const Report& report, http::Handler handler);

/// The fields of headers.security.
http::HeaderMap security_fields(config::SecurityHeaders preset);

}  // namespace flare::server::site
