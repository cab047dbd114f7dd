#include "server/config/address.h"

#include <charconv>

namespace flare::server::config {
namespace {

bool has_host_bits(const Cidr& network) noexcept {
  const std::string_view bytes = network.base.bytes();
  for (std::size_t bit = network.bits; bit < bytes.size() * 8; ++bit) {
    if ((static_cast<unsigned char>(bytes[bit / 8]) >> (7 - bit % 8) & 1U) != 0) return true;
  }
  return false;
}

}  // namespace

std::optional<Cidr> parse_cidr(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto base = net::IpAddr::try_parse(text.substr(0, slash));
  if (!base) return std::nullopt;
  Cidr network{.base = *base, .bits = base->is_v4() ? 32U : 128U};
  if (slash == std::string_view::npos) return network;
  const std::string_view digits = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (error != std::errc{} || end != digits.data() + digits.size() || bits > network.bits) return std::nullopt;
  network.bits = bits;
  if (has_host_bits(network)) return std::nullopt;
  return network;
}

bool overlap(const Cidr& a, const Cidr& b) noexcept {
  return a.bits <= b.bits ? a.contains(b.base) : b.contains(a.base);
}

}  // namespace flare::server::config
