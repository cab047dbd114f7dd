// Parts of a configuration in words, for the commands that explain it.
#pragma once

#include <string>
#include <vector>

#include "server/config/config.h"

namespace flare::server::cli {

/// "static public", "redirect 308 to https://…", "respond 200 text/plain".
std::string describe_action(const config::Action& action);

/// "50/s for each client_ip, burst 100".
std::string describe_rate(const config::Rate& rate);

/// "ECDSA 256", "RSA 2048".
std::string describe_key(const tls::Certificate& certificate);

struct Setting {
  std::string name;
  std::string value;
  std::string origin;  ///< "default", "flare.toml:12 via preset api"
};
/// Everything that merged down to the route (M8).
std::vector<Setting> effective_settings(const config::Route& route);

}  // namespace flare::server::cli
