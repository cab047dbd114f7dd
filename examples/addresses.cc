// Addresses: parsing that lets nothing strange through, and what an address can tell.
#include <cstdio>

#include "flare/base/exception.h"
#include "flare/net/socket_addr.h"

using namespace flare;

int main() {
  const net::IpAddr ip = net::IpAddr::parse("192.168.1.100");
  const net::SocketAddr address = net::SocketAddr::parse("[::1]:8080");
  std::printf("%s private: %s\n", ip.to_string().c_str(), ip.is_private() ? "yes" : "no");
  std::printf("%s loopback: %s, port %d\n", address.to_string().c_str(), address.ip().is_loopback() ? "yes" : "no",
              address.port());
  try {
    static_cast<void>(net::IpAddr::parse("127.0.0.1\r\nHost: example.com"));
  } catch (const AddressParseError& error) {
    std::printf("refused: %s\n", error.what());
    return ip.is_private() && address.port() == 8080 ? 0 : 1;
  }
  return 1;
}
