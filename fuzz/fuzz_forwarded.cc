// X-Forwarded-For and Forwarded: what a trusted proxy appends is understood whatever stands left of it, and nothing
// else ever comes out than the peer or an address of the list. Input: one byte of options, then the field lines'
// values, one a line.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "flare/http/forwarded.h"

namespace {

using namespace flare;

void check(bool holds, int line = __builtin_LINE()) {
  if (holds) return;
  std::fprintf(stderr, "fuzz_forwarded.cc:%d: the check does not hold\n", line);
  std::abort();
}

const net::IpAddr kPeer = net::IpAddr::parse("10.0.0.1");
const net::IpAddr kProxy = net::IpAddr::parse("10.0.0.2");
const net::PeerSet kTrusted{.networks = {*net::Cidr::try_parse("10.0.0.0/8"), *net::Cidr::try_parse("fd00::/8")}};

net::IpAddr client(std::string_view name, const std::vector<std::string>& values, const net::IpAddr& peer) {
  std::vector<http::Field> fields;
  fields.reserve(values.size());
  for (const std::string& value : values) fields.push_back({name, value});
  return http::forwarded_client(http::Fields(fields), peer, kTrusted);
}

/// The walk as the document says it, over a list without quotes: from the left, with everything in memory.
net::IpAddr reference_client(const std::vector<std::string>& values) {
  std::vector<std::string> members;
  for (const std::string& value : values) {
    std::string member;
    for (const char c : value + ",") {
      if (c != ',') {
        member += c;
        continue;
      }
      const std::string_view trimmed = ascii::trim(member);
      if (!trimmed.empty()) members.emplace_back(trimmed);
      member.clear();
    }
  }
  net::IpAddr found = kPeer;
  for (; !members.empty() && kTrusted.contains(found); members.pop_back()) {
    std::string text = members.back();
    if (const auto with_port = net::SocketAddr::try_parse(text)) text = with_port->ip().to_string();
    if (text.starts_with('[') && text.ends_with(']') && text.contains(':')) text = text.substr(1, text.size() - 2);
    const auto address = net::IpAddr::try_parse(text);
    if (!address || address->is_unspecified()) break;
    found = address->unmapped();
  }
  return found;
}

/// Ports that only one side takes: SocketAddr has no leading zeros, and an obfuscated port is no number.
bool has_unusual_port(const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    if (value.contains(":0") || value.contains(":_") || value.contains("]:")) return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 4096) return 0;
  const bool plain = (data[0] & 1) != 0;
  const std::string_view name = plain ? "X-Forwarded-For" : "Forwarded";
  const std::string prefix = plain ? "" : "for=";
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  std::vector<std::string> values(1);
  for (const char c : input) {
    if (c == '\n') {
      values.emplace_back();
    } else {
      values.back() += c;
    }
  }

  const net::IpAddr found = client(name, values, kPeer);
  check(!found.is_unspecified());
  if (plain && !has_unusual_port(values)) check(found == reference_client(values));

  // A trusted proxy's line behind it, or its member on the same line: as if that proxy had asked.
  const net::IpAddr through = client(name, values, kProxy);
  check(through == found || (found == kPeer && through == kProxy));
  auto more = values;
  more.push_back(prefix + "10.0.0.2");
  check(client(name, more, kPeer) == through);
  more = values;
  more.back() += ", " + prefix + "10.0.0.2";
  check(client(name, more, kPeer) == through);

  // An untrusted address that the nearest proxy appends is the client, whatever the client wrote.
  more = values;
  more.back() += ", " + prefix + (plain ? "2001:db8::1" : "\"[2001:db8::1]:80\"");
  check(client(name, more, kPeer) == net::IpAddr::parse("2001:db8::1"));
  return 0;
}
