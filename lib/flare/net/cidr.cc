#include "flare/net/cidr.h"

#include <algorithm>

#include "flare/base/numbers.h"

namespace flare::net {
namespace {

bool has_host_bits(const Cidr& network) noexcept {
  const std::string_view bytes = network.base.bytes();
  for (std::size_t bit = network.bits; bit < bytes.size() * 8; ++bit) {
    if ((static_cast<unsigned char>(bytes[bit / 8]) >> (7 - bit % 8) & 1U) != 0) return true;
  }
  return false;
}

}  // namespace

std::optional<Cidr> Cidr::try_parse(std::string_view text) noexcept {
  const std::size_t slash = text.find('/');
  const auto base = IpAddr::try_parse(text.substr(0, slash));
  if (!base) return std::nullopt;
  Cidr network{.base = *base, .bits = base->is_v4() ? 32U : 128U};
  if (slash == std::string_view::npos) return network;
  const auto bits = parse_decimal<unsigned>(text.substr(slash + 1));
  if (!bits || *bits > network.bits) return std::nullopt;
  network.bits = *bits;
  if (has_host_bits(network)) return std::nullopt;
  return network;
}

bool Cidr::contains(const IpAddr& ip) const noexcept {
  const std::string_view ours = base.bytes();
  const std::string_view theirs = ip.bytes();
  if (ours.size() != theirs.size()) return false;
  const std::size_t whole = bits / 8;
  if (ours.substr(0, whole) != theirs.substr(0, whole)) return false;
  if (bits % 8 == 0) return true;
  const auto difference = static_cast<unsigned char>(ours[whole] ^ theirs[whole]);
  return (difference >> (8 - bits % 8)) == 0;
}

std::string Cidr::to_string() const { return base.to_string() + "/" + std::to_string(bits); }

bool overlap(const Cidr& a, const Cidr& b) noexcept {
  return a.bits <= b.bits ? a.contains(b.base) : b.contains(a.base);
}

bool PeerSet::contains(const IpAddr& ip) const noexcept {
  const IpAddr address = ip.unmapped();
  return std::ranges::any_of(networks, [&](const Cidr& network) { return network.contains(address); });
}

}  // namespace flare::net
