// An IP address with a port, and where a listener or a client may go: that, or a unix socket's path.
#pragma once

#include <sys/socket.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "flare/net/ip_addr.h"

namespace flare::net {

class SocketAddr {
 public:
  constexpr SocketAddr() noexcept = default;
  constexpr SocketAddr(IpAddr ip, std::uint16_t port) noexcept : ip_(ip), port_(port) {}
  static SocketAddr localhost(std::uint16_t port) noexcept { return {IpAddr::localhost(), port}; }
  static SocketAddr unspecified(std::uint16_t port) noexcept { return {IpAddr::unspecified(), port}; }

  /// "127.0.0.1:80" or "[::1]:80"; the port is required, decimal, at most 65535. As strict as IpAddr::parse.
  static SocketAddr parse(std::string_view text);
  static std::optional<SocketAddr> try_parse(std::string_view text) noexcept;
  /// From the kernel; nullopt for another family than AF_INET and AF_INET6.
  static std::optional<SocketAddr> from_native(const sockaddr_storage& native) noexcept;
  /// Fills `native`; its length.
  socklen_t to_native(sockaddr_storage& native) const noexcept;

  [[nodiscard]] constexpr const IpAddr& ip() const noexcept { return ip_; }
  [[nodiscard]] constexpr std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::string to_string() const;

  friend auto operator<=>(const SocketAddr&, const SocketAddr&) = default;

 private:
  IpAddr ip_;
  std::uint16_t port_ = 0;
};

/// A unix stream socket's path; at most 107 bytes, no NUL.
struct UnixPath {
  std::string path;
  friend auto operator<=>(const UnixPath&, const UnixPath&) = default;
};

/// Where to listen or connect.
class Endpoint {
 public:
  Endpoint(SocketAddr address) : where_(address) {}     // NOLINT(google-explicit-constructor)
  Endpoint(UnixPath path) : where_(std::move(path)) {}  // NOLINT(google-explicit-constructor)
  /// "127.0.0.1:80", "[::]:80", ":80" (= "[::]:80"), "unix:/run/x.sock". Throws AddressParseError.
  static Endpoint parse(std::string_view text);

  [[nodiscard]] const SocketAddr* address() const noexcept { return std::get_if<SocketAddr>(&where_); }
  [[nodiscard]] const UnixPath* unix_path() const noexcept { return std::get_if<UnixPath>(&where_); }
  [[nodiscard]] int family() const noexcept;  ///< AF_INET, AF_INET6 or AF_UNIX
  /// Fills `native`; its length, 0 for a path that no unix socket can have (which the kernel answers with EINVAL).
  socklen_t to_native(sockaddr_storage& native) const noexcept;
  [[nodiscard]] std::string to_string() const;

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;

 private:
  std::variant<SocketAddr, UnixPath> where_;
};

}  // namespace flare::net
