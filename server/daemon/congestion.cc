#include "server/daemon/congestion.h"

#include <string>
#include <string_view>
#include <utility>

#include "flare/net/socket.h"

namespace flare::server {
namespace {

/// It sends by a timer for each socket, which costs more than sending where the way is short.
bool paces(std::string_view algorithm) noexcept { return algorithm.starts_with("bbr"); }

bool is_paced(const net::UniqueFd& listening) {
  const auto algorithm = net::SocketRef(listening.get()).congestion();
  return algorithm && paces(*algorithm);
}

constexpr std::string_view kLocal = "reno";  // in every kernel, and usually allowed to all processes

}  // namespace

Result<void> set_congestion(const config::Listener& listener, const net::Endpoint& where,
                            const std::vector<net::UniqueFd>& sockets) {
  const net::SocketAddr* const address = where.address();
  const std::string& wanted = *listener.congestion;
  if (address == nullptr || wanted == "system") return {};
  if (wanted == "auto" && !(address->ip().is_loopback() && is_paced(sockets.front()))) return {};
  for (const net::UniqueFd& socket : sockets) {
    const auto set = net::SocketRef(socket.get()).set_congestion(wanted == "auto" ? kLocal : wanted);
    if (!set && wanted != "auto") return set;
  }
  return {};
}

std::optional<LoopbackSockets> loopback_beside(const config::Listener& listener, const net::Endpoint& where,
                                               const net::UniqueFd& listening, std::size_t count) {
  const net::SocketAddr* const address = where.address();
  if (*listener.congestion != "auto" || address == nullptr || !address->ip().is_unspecified() || !is_paced(listening))
    return std::nullopt;
  const net::IpAddr ip = address->ip().is_v4() ? net::IpAddr::localhost() : net::IpAddr::localhost_v6();
  const net::Endpoint loopback = net::SocketAddr(ip, address->port());
  auto sockets = net::extend_group(loopback, {.backlog = *listener.backlog}, listening, count);
  if (!sockets || !set_congestion(listener, loopback, *sockets)) return std::nullopt;
  return LoopbackSockets{.endpoint = loopback, .sockets = std::move(*sockets)};
}

}  // namespace flare::server
