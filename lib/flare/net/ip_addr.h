// IP addresses (RFC 791, RFC 4291, text per RFC 5952).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flare::net {

/// An IPv4 or IPv6 address; a value of 17 bytes. Default: 0.0.0.0.
class IpAddr {
 public:
  constexpr IpAddr() noexcept = default;
  static IpAddr v4(std::array<std::uint8_t, 4> octets) noexcept;
  static IpAddr v6(std::array<std::uint8_t, 16> octets) noexcept;
  static IpAddr localhost() noexcept;       ///< 127.0.0.1
  static IpAddr localhost_v6() noexcept;    ///< ::1
  static IpAddr unspecified() noexcept;     ///< 0.0.0.0
  static IpAddr unspecified_v6() noexcept;  ///< ::

  /// Strict text form: no brackets, no zone, no leading zeros in IPv4, no byte that is not part of an address
  /// (NUL, CR, LF, '@', '%' never get further than here). parse throws AddressParseError; try_parse returns nullopt.
  static IpAddr parse(std::string_view text);
  static std::optional<IpAddr> try_parse(std::string_view text) noexcept;

  [[nodiscard]] constexpr bool is_v4() const noexcept { return !v6_; }
  [[nodiscard]] constexpr bool is_v6() const noexcept { return v6_; }
  // What kind of address it is. An IPv4-mapped IPv6 address is of the kind of the IPv4 address it stands for.
  [[nodiscard]] bool is_loopback() const noexcept;
  [[nodiscard]] bool is_unspecified() const noexcept;
  /// RFC 1918, RFC 4193 (fc00::/7), link-local.
  [[nodiscard]] bool is_private() const noexcept;
  [[nodiscard]] bool is_multicast() const noexcept;
  /// An IPv4-mapped IPv6 address (::ffff:a.b.c.d) as IPv4, anything else unchanged.
  [[nodiscard]] IpAddr unmapped() const noexcept;
  /// 4 or 16 bytes in network order.
  [[nodiscard]] std::string_view bytes() const noexcept {
    return {reinterpret_cast<const char*>(octets_.data()), v6_ ? 16U : 4U};
  }
  /// RFC 5952 text.
  [[nodiscard]] std::string to_string() const;

  friend auto operator<=>(const IpAddr&, const IpAddr&) = default;

 private:
  bool v6_ = false;
  std::array<std::uint8_t, 16> octets_{};
};

/// What one client can hardly have many of: an IPv4 address, or the network that an IPv6 site gets at least (RFC 6177),
/// 4 or 8 bytes. Refers to `address`.
std::string_view client_network(const IpAddr& address) noexcept;

}  // namespace flare::net
