// The congestion control of a listener's connections (the key listen.NAME.congestion).
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "flare/base/error.h"
#include "flare/net/socket_addr.h"
#include "flare/net/unique_fd.h"
#include "server/config/config.h"

namespace flare::server {

/// Gives it to the listening `sockets` of `where`, whose connections inherit it: no connection pays a system call, and
/// each begins with what it keeps. (One that began with BBR is paced for ever, also under another algorithm.)
Result<void> set_congestion(const config::Listener& listener, const net::Endpoint& where,
                            const std::vector<net::UniqueFd>& sockets);

/// With "auto" where `where` takes the connections of every interface, and the system's algorithm paces: listening
/// sockets for those of the loopback address alone, `count` of them. Which the kernel prefers, being more specific.
/// nullopt: not needed, or not possible (no such address), then those connections are like all others.
struct LoopbackSockets {
  net::Endpoint endpoint;
  std::vector<net::UniqueFd> sockets;
};
std::optional<LoopbackSockets> loopback_beside(const config::Listener& listener, const net::Endpoint& where,
                                               const net::UniqueFd& listening, std::size_t count);

}  // namespace flare::server
