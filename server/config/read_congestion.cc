#include "server/config/read_congestion.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "flare/base/ascii.h"
#include "flare/net/socket.h"

namespace flare::server::config {
namespace {

constexpr std::size_t kLongestName = 15;  // the kernel cuts off what is longer

bool is_name(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kLongestName &&
         std::ranges::all_of(text, [](char c) { return ascii::is_alnum(c) || c == '_' || c == '-'; });
}

/// 0: a socket of the listener's first TCP address takes it, or there is none to ask.
int refusal_of(const Listener& listener, std::string_view name) noexcept {
  const auto tcp = std::ranges::find_if(
      listener.addresses, [](const ListenAddress& address) { return address.endpoint.address() != nullptr; });
  if (tcp == listener.addresses.end()) return 0;
  const net::UniqueFd probe(::socket(tcp->endpoint.family(), SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!probe) return 0;  // listening will fail, and say why
  const auto set = net::SocketRef(probe.get()).set_congestion(name);
  return set ? 0 : set.error().sys_errno;
}

}  // namespace

CongestionRefusal describe_congestion_refusal(std::string_view quoted, int error) {
  constexpr std::string_view kElse = R"(or write "auto" or "system")";
  if (error == EPERM) {
    return {fmt::format("this process may not use the congestion control {}", quoted),
            fmt::format("choose one of /proc/sys/net/ipv4/tcp_allowed_congestion_control, add it there, start flared "
                        "with CAP_NET_ADMIN, {}",
                        kElse)};
  }
  return {fmt::format("this kernel has no congestion control {}", quoted),
          fmt::format("choose one of /proc/sys/net/ipv4/tcp_available_congestion_control, load its module (modprobe "
                      "tcp_NAME), {}",
                      kElse)};
}

void read_congestion(LoadContext& context, const Node& node, Listener& listener) {
  const std::string& name = node.text;
  listener.congestion = {name, context.origin(node)};
  if (name == "auto" || name == "system") return;
  if (!is_name(name)) {
    context.report("FL0504", node.at, fmt::format("{} is no congestion control", shown(node)),
                   R"(write "auto", "system", or the kernel's name of one, such as "cubic")");
  } else if (const int error = refusal_of(listener, name); error != 0) {
    auto [message, help] = describe_congestion_refusal(shown(node), error);
    context.report("FL0504", node.at, std::move(message), std::move(help));
  }
}

}  // namespace flare::server::config
