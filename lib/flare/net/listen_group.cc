#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "flare/net/socket.h"

namespace flare::net {
namespace {

Result<UniqueFd> duplicate(const UniqueFd& listening) {
  UniqueFd copy(::fcntl(listening.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy) return fail_errno(errno);
  return copy;
}

/// A bind without SO_REUSEPORT fails where any socket listens, also one that would let us join.
Result<void> refuse_to_share(const Endpoint& where) {
  sockaddr_storage native{};
  const socklen_t length = where.to_native(native);
  const UniqueFd guard(::socket(where.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!guard) return fail_errno(errno);
  SocketRef socket(guard.get());
  if (auto set = socket.set_reuse_addr(true); !set) return set;
  const int only = 1;
  if (where.family() == AF_INET6 && ::setsockopt(guard.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) != 0) {
    return fail_errno(errno);
  }
  if (::bind(guard.get(), reinterpret_cast<const sockaddr*>(&native), length) != 0) return fail_errno(errno);
  return {};
}

}  // namespace

Result<std::vector<UniqueFd>> extend_group(const Endpoint& where, ListenOptions options, const UniqueFd& first,
                                           std::size_t count) {
  std::vector<UniqueFd> more;
  options.reuse_port = true;
  while (more.size() < count) {
    auto listening = where.unix_path() != nullptr ? duplicate(first) : listen_on(where, options);
    if (!listening) return std::unexpected(listening.error());
    more.push_back(std::move(*listening));
  }
  return more;
}

Result<std::vector<UniqueFd>> listen_group(const Endpoint& where, ListenOptions options, std::size_t count) {
  const SocketAddr* const address = where.address();
  if (address != nullptr && address->port() != 0) {
    if (auto alone = refuse_to_share(where); !alone) return std::unexpected(alone.error());
  }
  options.reuse_port = true;
  auto first = listen_on(where, options);
  if (!first) return std::unexpected(first.error());
  auto local = SocketRef(first->get()).local_addr();
  if (!local) return std::unexpected(local.error());
  auto group = extend_group(*local, options, *first, count - 1);
  if (group) group->insert(group->begin(), std::move(*first));
  return group;
}

}  // namespace flare::net
