// Who listens on a port already: for the message that refuses to start.
#pragma once

#include <string>

#include "flare/net/socket_addr.h"

namespace flare::server {

/// "pid 123 (nginx)", from /proc; "" where nothing listens there or its owner is not visible to this user.
std::string port_holder(const net::Endpoint& where);

}  // namespace flare::server
