#include "flare/net/proxy_header.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "flare/base/ascii.h"
#include "flare/base/crc32c.h"
#include "flare/base/numbers.h"

namespace flare::net {
namespace {

constexpr std::string_view kV1Signature = "PROXY ";
constexpr std::string_view kV2Signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kV2FixedBytes = 16;

using Parsed = std::expected<ProxyHeader, Reason>;

Parsed bad() noexcept { return std::unexpected(Reason::kBadProxyHeader); }

/// Takes what stands before the next single space; "" is no word.
std::string_view take_word(std::string_view& line) noexcept {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return parse_decimal<std::uint16_t>(text);
}

/// "192.0.2.1 198.51.100.1 40000 80": nothing before, between or behind.
bool parse_v1_addresses(std::string_view line, bool v6, ProxyHeader& header) noexcept {
  if (std::ranges::count(line, ' ') != 3) return false;
  const auto source = IpAddr::try_parse(take_word(line));
  const auto destination = IpAddr::try_parse(take_word(line));
  const auto source_port = parse_port(take_word(line));
  const auto destination_port = parse_port(take_word(line));
  if (!source || !destination || !source_port || !destination_port) return false;
  if (source->is_v6() != v6 || destination->is_v6() != v6) return false;
  header.source = SocketAddr(*source, *source_port);
  header.destination = SocketAddr(*destination, *destination_port);
  return true;
}

/// §2.1. `input` begins with "PROXY ".
Parsed parse_v1(std::string_view input) noexcept {
  const std::size_t end = input.substr(0, kProxyV1Bytes).find("\r\n");
  if (end == std::string_view::npos) {
    if (input.size() >= kProxyV1Bytes) return std::unexpected(Reason::kProxyHeaderBytes);
    return ProxyHeader{};
  }
  std::string_view line = input.substr(kV1Signature.size(), end - kV1Signature.size());
  if (std::ranges::any_of(line, ascii::is_control)) return bad();
  ProxyHeader header{.size = end + 2, .source = {}, .destination = {}, .alpn = {}, .authority = {}};
  if (line == "UNKNOWN") return header;
  const std::string_view protocol = take_word(line);
  if (protocol == "UNKNOWN") return header;  // whatever follows on the line is not looked at
  if (protocol != "TCP4" && protocol != "TCP6") return bad();
  if (!parse_v1_addresses(line, protocol == "TCP6", header)) return bad();
  return header;
}

std::size_t big_endian(std::string_view bytes) noexcept {
  std::size_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

template <std::size_t kSize>
IpAddr address_at(std::string_view block, std::size_t offset) noexcept {
  std::array<std::uint8_t, kSize> octets{};
  std::ranges::copy(block.substr(offset, kSize), octets.begin());
  if constexpr (kSize == 4) {
    return IpAddr::v4(octets);
  } else {
    return IpAddr::v6(octets);
  }
}

template <std::size_t kSize>
void read_v2_addresses(std::string_view block, ProxyHeader& header) noexcept {
  const auto port = [&](std::size_t at) { return static_cast<std::uint16_t>(big_endian(block.substr(at, 2))); };
  header.source = SocketAddr(address_at<kSize>(block, 0), port(2 * kSize));
  header.destination = SocketAddr(address_at<kSize>(block, kSize), port(2 * kSize + 2));
}

/// The checksum is of the whole header with its own four bytes as zeros (§2.2.3).
bool is_checksum(std::string_view whole, std::string_view value) noexcept {
  if (value.size() != 4) return false;
  const auto at = static_cast<std::size_t>(value.data() - whole.data());
  std::uint32_t sum = crc32c(whole.substr(0, at));
  sum = crc32c(std::string_view("\0\0\0\0", 4), sum);
  return crc32c(whole.substr(at + 4), sum) == big_endian(value);
}

/// §2.2: TLVs fill the header to its end. The ones we know stand there at most once.
bool read_tlvs(std::string_view whole, std::string_view tlvs, ProxyHeader& header) noexcept {
  constexpr unsigned kAlpn = 0x01;
  constexpr unsigned kAuthority = 0x02;
  constexpr unsigned kCrc32c = 0x03;
  unsigned seen = 0;
  while (!tlvs.empty()) {
    if (tlvs.size() < 3) return false;
    const auto type = static_cast<unsigned char>(tlvs[0]);
    const std::size_t length = big_endian(tlvs.substr(1, 2));
    if (length > tlvs.size() - 3) return false;
    const std::string_view value = tlvs.substr(3, length);
    tlvs.remove_prefix(3 + length);
    if (type < kAlpn || type > kCrc32c) continue;
    if ((seen & 1U << type) != 0) return false;
    seen |= 1U << type;
    if (type == kAlpn) header.alpn = value;
    if (type == kAuthority) header.authority = value;
    if (type == kCrc32c && !is_checksum(whole, value)) return false;
  }
  return true;
}

/// How many bytes of addresses a family and transport byte announces; nullopt for one that does not exist.
std::optional<std::size_t> v2_address_bytes(unsigned char family) noexcept {
  switch (family) {
    case 0x00: return 0;    // UNSPEC
    case 0x11:              // TCP over IPv4
    case 0x12: return 12;   // UDP over IPv4
    case 0x21:              // TCP over IPv6
    case 0x22: return 36;   // UDP over IPv6
    case 0x31:              // unix stream
    case 0x32: return 216;  // unix datagram
    default: return std::nullopt;
  }
}

/// §2.2. `input` begins with the signature.
Parsed parse_v2(std::string_view input) noexcept {
  if (input.size() < kV2FixedBytes) return ProxyHeader{};
  const auto version_and_command = static_cast<unsigned char>(input[12]);
  const auto family = static_cast<unsigned char>(input[13]);
  const std::size_t size = kV2FixedBytes + big_endian(input.substr(14, 2));
  const bool local = version_and_command == 0x20;
  if (!local && version_and_command != 0x21) return bad();
  if (size > kProxyV2Bytes) return std::unexpected(Reason::kProxyHeaderBytes);
  // "discard the protocol block including the family": LOCAL and UNSPEC say how long it is, and no more.
  const auto address_bytes = local ? 0 : v2_address_bytes(family);
  if (!address_bytes || *address_bytes > size - kV2FixedBytes) return bad();
  if (input.size() < size) return ProxyHeader{};
  ProxyHeader header{.size = size, .source = {}, .destination = {}, .alpn = {}, .authority = {}};
  if (*address_bytes == 0) return header;
  const std::string_view block = input.substr(kV2FixedBytes, size - kV2FixedBytes);
  if (family == 0x11) read_v2_addresses<4>(block, header);
  if (family == 0x21) read_v2_addresses<16>(block, header);
  if (!read_tlvs(input.substr(0, size), block.substr(*address_bytes), header)) return bad();
  return header;
}

}  // namespace

std::expected<ProxyHeader, Reason> parse_proxy_header(std::string_view input) noexcept {
  const auto agrees = [input](std::string_view signature) {
    const std::size_t size = std::min(input.size(), signature.size());
    return input.substr(0, size) == signature.substr(0, size);
  };
  if (!agrees(kV1Signature) && !agrees(kV2Signature)) return std::unexpected(Reason::kProxyHeaderMissing);
  if (input.starts_with(kV1Signature)) return parse_v1(input);
  if (input.starts_with(kV2Signature)) return parse_v2(input);
  return ProxyHeader{};
}

}  // namespace flare::net
