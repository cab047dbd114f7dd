#include "flare/net/socket_addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

#include "flare/base/ascii.h"
#include "flare/base/exception.h"
#include "flare/base/numbers.h"
#include "flare/base/quote.h"

namespace flare::net {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr std::size_t kMaxUnixPath = sizeof(sockaddr_un::sun_path) - 1;

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
  if (text.size() > 1 && text.front() == '0') return std::nullopt;  // one port, one spelling
  return parse_decimal<std::uint16_t>(text);
}

socklen_t unix_to_native(const std::string& path, sockaddr_storage& native) noexcept {
  // An empty path would ask for an autobound abstract name, a leading NUL for a chosen one.
  if (path.empty() || path.size() > kMaxUnixPath || path.contains('\0')) return 0;
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  std::memcpy(un.sun_path, path.data(), path.size());
  std::memcpy(&native, &un, sizeof un);
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
}

}  // namespace

std::optional<SocketAddr> SocketAddr::try_parse(std::string_view text) noexcept {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto ip = IpAddr::try_parse(host);
  const auto port = parse_port(text.substr(colon + 1));
  if (!ip || !port || ip->is_v6() != bracketed) return std::nullopt;
  return SocketAddr(*ip, *port);
}

SocketAddr SocketAddr::parse(std::string_view text) {
  if (const auto addr = try_parse(text)) return *addr;
  throw AddressParseError("not an address with port: " + quote(text) + "; write 192.0.2.1:80 or [2001:db8::1]:80");
}

std::optional<SocketAddr> SocketAddr::from_native(const sockaddr_storage& native) noexcept {
  if (native.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &native, sizeof in);
    std::array<std::uint8_t, 4> octets{};
    std::memcpy(octets.data(), &in.sin_addr, octets.size());
    return SocketAddr(IpAddr::v4(octets), ntohs(in.sin_port));
  }
  if (native.ss_family == AF_INET6) {
    sockaddr_in6 in6{};
    std::memcpy(&in6, &native, sizeof in6);
    std::array<std::uint8_t, 16> octets{};
    std::memcpy(octets.data(), &in6.sin6_addr, octets.size());
    return SocketAddr(IpAddr::v6(octets), ntohs(in6.sin6_port));
  }
  return std::nullopt;
}

socklen_t SocketAddr::to_native(sockaddr_storage& native) const noexcept {
  native = {};
  const std::string_view bytes = ip_.bytes();
  if (ip_.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port_);
    std::memcpy(&in.sin_addr, bytes.data(), bytes.size());
    std::memcpy(&native, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(port_);
  std::memcpy(&in6.sin6_addr, bytes.data(), bytes.size());
  std::memcpy(&native, &in6, sizeof in6);
  return sizeof in6;
}

std::string SocketAddr::to_string() const {
  const std::string ip = ip_.to_string();
  return (ip_.is_v6() ? "[" + ip + "]:" : ip + ":") + std::to_string(port_);
}

Endpoint Endpoint::parse(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) {
    const std::string_view path = text.substr(kUnixPrefix.size());
    if (path.empty() || path.size() > kMaxUnixPath || std::ranges::any_of(path, ascii::is_control)) {
      throw AddressParseError("not a unix socket's path: " + quote(text) +
                              "; write unix:/run/name.sock, at most 107 bytes and no control characters");
    }
    return UnixPath{std::string(path)};
  }
  if (text.starts_with(':')) {
    if (const auto port = parse_port(text.substr(1))) return SocketAddr(IpAddr::unspecified_v6(), *port);
  }
  if (const auto addr = SocketAddr::try_parse(text)) return *addr;
  throw AddressParseError("not an address to listen on or connect to: " + quote(text) +
                          "; write 127.0.0.1:80, [::]:80, :80 or unix:/run/name.sock");
}

int Endpoint::family() const noexcept {
  const SocketAddr* addr = address();
  if (addr == nullptr) return AF_UNIX;
  return addr->ip().is_v6() ? AF_INET6 : AF_INET;
}

socklen_t Endpoint::to_native(sockaddr_storage& native) const noexcept {
  if (const SocketAddr* addr = address()) return addr->to_native(native);
  native = {};
  return unix_to_native(unix_path()->path, native);
}

std::string Endpoint::to_string() const {
  if (const SocketAddr* addr = address()) return addr->to_string();
  return std::string(kUnixPrefix) + unix_path()->path;
}

}  // namespace flare::net
