// The congestion control that a listener asks for. Private to server/config.
#pragma once

#include <string>
#include <string_view>

#include "server/config/load_context.h"

namespace flare::server::config {

/// Reads `node`, and reports (FL0504) what this process cannot give its connections. After the addresses.
void read_congestion(LoadContext& context, const Node& node, Listener& listener);

/// What to say of a kernel that refused the name, as messages quote it, with `error`, an errno.
struct CongestionRefusal {
  std::string message;
  std::string help;
};
CongestionRefusal describe_congestion_refusal(std::string_view quoted, int error);

}  // namespace flare::server::config
