#include "flare/net/ip_addr.h"

#include <arpa/inet.h>

#include <algorithm>
#include <span>

#include "flare/base/ascii.h"
#include "flare/base/exception.h"
#include "flare/base/numbers.h"
#include "flare/base/quote.h"

namespace flare::net {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

bool is_address_char(char c) noexcept { return ascii::hex_value(c) >= 0 || c == '.' || c == ':'; }

}  // namespace

IpAddr IpAddr::v4(std::array<std::uint8_t, 4> octets) noexcept {
  IpAddr addr;
  std::ranges::copy(octets, addr.octets_.begin());
  return addr;
}

IpAddr IpAddr::v6(std::array<std::uint8_t, 16> octets) noexcept {
  IpAddr addr;
  addr.v6_ = true;
  addr.octets_ = octets;
  return addr;
}

IpAddr IpAddr::localhost() noexcept { return v4({127, 0, 0, 1}); }
IpAddr IpAddr::localhost_v6() noexcept { return v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}); }
IpAddr IpAddr::unspecified() noexcept { return v4({}); }
IpAddr IpAddr::unspecified_v6() noexcept { return v6({}); }

std::optional<IpAddr> IpAddr::try_parse(std::string_view text) noexcept {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size() || !std::ranges::all_of(text, is_address_char)) return std::nullopt;
  std::ranges::copy(text, terminated.begin());
  IpAddr addr;
  addr.v6_ = text.contains(':');
  if (::inet_pton(addr.v6_ ? AF_INET6 : AF_INET, terminated.data(), addr.octets_.data()) != 1) return std::nullopt;
  return addr;
}

IpAddr IpAddr::parse(std::string_view text) {
  if (const auto addr = try_parse(text)) return *addr;
  throw AddressParseError("not an IP address: " + quote(text) + "; write 192.0.2.1 or 2001:db8::1");
}

IpAddr IpAddr::unmapped() const noexcept {
  if (!v6_ || !std::ranges::equal(kMappedPrefix, std::span(octets_).first<12>())) return *this;
  return v4({octets_[12], octets_[13], octets_[14], octets_[15]});
}

bool IpAddr::is_loopback() const noexcept {
  const IpAddr addr = unmapped();
  return addr.v6_ ? addr == localhost_v6() : addr.octets_[0] == 127;
}

bool IpAddr::is_unspecified() const noexcept { return unmapped().octets_ == decltype(octets_){}; }

bool IpAddr::is_private() const noexcept {
  const IpAddr addr = unmapped();
  const auto& o = addr.octets_;
  if (addr.v6_)
    return (o[0] & 0xFE) == 0xFC || (o[0] == 0xFE && (o[1] & 0xC0) == 0x80);  // RFC 4193 §3.1, RFC 4291 §2.5.6
  return o[0] == 10 || (o[0] == 172 && (o[1] & 0xF0) == 16) || (o[0] == 192 && o[1] == 168) ||  // RFC 1918 §3
         (o[0] == 169 && o[1] == 254);                                                          // RFC 3927 §2.1
}

bool IpAddr::is_multicast() const noexcept {
  const IpAddr addr = unmapped();
  return addr.v6_ ? addr.octets_[0] == 0xFF : (addr.octets_[0] & 0xF0) == 0xE0;  // RFC 4291 §2.7, RFC 5771
}

std::string IpAddr::to_string() const {
  if (v6_) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET6, octets_.data(), text.data(), text.size());
    return text.data();
  }
  // Said of every request that is passed on: without printf, which inet_ntop(3) has inside.
  std::array<char, 4 * (kMaxDecimalDigits + 1)> text;
  char* end = text.data();
  for (std::size_t i = 0; i < 4; ++i) {
    if (i != 0) *end++ = '.';
    end = append_decimal(end, octets_[i]);
  }
  return {text.data(), end};
}

std::string_view client_network(const IpAddr& address) noexcept {
  if (address.is_v4()) return address.bytes();
  return address.unmapped().is_v4() ? address.bytes().substr(kMappedPrefix.size()) : address.bytes().substr(0, 8);
}

}  // namespace flare::net
