#include "server/daemon/listeners.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "flare/net/socket.h"
#include "server/daemon/congestion.h"
#include "server/daemon/port_holder.h"

namespace flare::server {
namespace {

Result<std::vector<net::UniqueFd>> open_sockets(const config::Listener& listener, const net::Endpoint& where,
                                                std::size_t workers) {
  auto sockets = net::listen_group(where, {.backlog = *listener.backlog}, workers);
  if (sockets) {
    if (const auto set = set_congestion(listener, where, *sockets); !set) return std::unexpected(set.error());
  }
  const auto* const unix_path = where.unix_path();
  if (!sockets || unix_path == nullptr || !listener.mode->has_value()) return sockets;
  if (::chmod(unix_path->path.c_str(), **listener.mode) != 0) return fail_errno(errno);
  return sockets;
}

}  // namespace

Bound bind_listeners(const config::Config& config, std::size_t workers) {
  Bound bound;
  for (std::size_t index = 0; index < config.listeners.size(); ++index) {
    const config::Listener& listener = config.listeners[index];
    for (const config::ListenAddress& address : listener.addresses) {
      auto sockets = open_sockets(listener, address.endpoint, workers);
      if (!sockets) {
        const Error error = sockets.error();
        bound.failures.push_back(error.kind);
        const std::string holder =
            error.kind == ErrorKind::kAddressInUse ? port_holder(address.endpoint) : std::string();
        bound.diagnostics.add(config::cannot_bind(address.place, address.text, describe(error), holder));
        continue;
      }
      const auto local = net::SocketRef(sockets->front().get()).local_addr().value_or(address.endpoint);
      auto beside = loopback_beside(listener, local, sockets->front(), workers);
      bound.addresses.push_back({.listener = index, .endpoint = local, .sockets = std::move(*sockets)});
      if (beside) {
        bound.addresses.push_back({.listener = index,
                                   .endpoint = beside->endpoint,
                                   .sockets = std::move(beside->sockets),
                                   .is_implied = true});
      }
    }
  }
  return bound;
}

ExitCode Bound::exit_code() const noexcept {
  const auto failed_by = [this](ErrorKind kind) { return std::ranges::find(failures, kind) != failures.end(); };
  if (failures.empty()) return ExitCode::kOk;
  if (failed_by(ErrorKind::kPermission)) return ExitCode::kPermission;
  return failed_by(ErrorKind::kResource) ? ExitCode::kResource : ExitCode::kCannotBind;
}

void unlink_sockets(const std::vector<BoundAddress>& addresses) noexcept {
  for (const BoundAddress& address : addresses) {
    if (const auto* unix_path = address.endpoint.unix_path()) ::unlink(unix_path->path.c_str());
  }
}

}  // namespace flare::server
