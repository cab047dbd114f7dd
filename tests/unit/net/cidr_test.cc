#include "flare/net/cidr.h"

#include <gtest/gtest.h>

#include <string>

namespace flare::net {
namespace {

Cidr network(std::string_view text) { return Cidr::try_parse(text).value(); }

TEST(Cidr, ReadsNetworksAndSingleAddresses) {
  struct Case {
    const char* text;
    const char* canonical;
  };
  for (const auto& [text, canonical] :
       {Case{"10.0.0.0/8", "10.0.0.0/8"}, Case{"0.0.0.0/0", "0.0.0.0/0"}, Case{"192.0.2.1", "192.0.2.1/32"},
        Case{"192.0.2.128/25", "192.0.2.128/25"}, Case{"2001:DB8::/32", "2001:db8::/32"}, Case{"::1", "::1/128"},
        Case{"::/0", "::/0"}, Case{"fe80::/10", "fe80::/10"}}) {
    EXPECT_EQ(network(text).to_string(), canonical);
  }
}

TEST(Cidr, RefusesWhatIsNoNetwork) {
  for (const char* text : {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8 ",
                           "10.0.0.1/8", "10.0.0.0/8/8", "2001:db8::/129", "2001:db8::1/64", "10.0.0/8", "[::1]",
                           "localhost", "unix", "192.0.2.64/25"}) {
    EXPECT_FALSE(Cidr::try_parse(text)) << text;
  }
}

TEST(Cidr, HoldsTheAddressesWithItsFirstBits) {
  struct Case {
    const char* network;
    const char* address;
    bool holds;
  };
  for (const auto& each : {
           Case{"10.0.0.0/8", "10.255.255.255", true},
           Case{"10.0.0.0/8", "11.0.0.0", false},
           Case{"0.0.0.0/0", "203.0.113.9", true},
           Case{"0.0.0.0/0", "::1", false},
           Case{"192.0.2.128/25", "192.0.2.128", true},
           Case{"192.0.2.128/25", "192.0.2.127", false},
           Case{"192.0.2.1/32", "192.0.2.1", true},
           Case{"192.0.2.1/32", "192.0.2.0", false},
           Case{"2001:db8::/33", "2001:db8:7fff::1", true},
           Case{"2001:db8::/33", "2001:db8:8000::1", false},
           Case{"::/0", "2001:db8::1", true},
           Case{"::/0", "192.0.2.1", false},
           Case{"192.0.2.0/24", "::ffff:192.0.2.1", false},
       }) {
    EXPECT_EQ(network(each.network).contains(IpAddr::parse(each.address)), each.holds)
        << each.network << ' ' << each.address;
  }
}

TEST(Cidr, OverlapsWhereOneLiesInTheOther) {
  EXPECT_TRUE(overlap(network("10.0.0.0/8"), network("10.1.0.0/16")));
  EXPECT_TRUE(overlap(network("10.1.0.0/16"), network("10.0.0.0/8")));
  EXPECT_FALSE(overlap(network("10.0.0.0/16"), network("10.1.0.0/16")));
  EXPECT_FALSE(overlap(network("0.0.0.0/0"), network("::/0")));
}

TEST(PeerSet, TakesAMappedAddressForTheIPv4AddressItIs) {
  const PeerSet peers{.networks = {network("192.0.2.0/24")}};
  EXPECT_TRUE(peers.contains(IpAddr::parse("::ffff:192.0.2.1")));
  EXPECT_TRUE(peers.contains(SocketAddr::parse("[::ffff:192.0.2.1]:40000")));
  EXPECT_FALSE(peers.contains(SocketAddr::parse("203.0.113.1:40000")));
}

TEST(PeerSet, UnixPeersAreInItByNameOnly) {
  const SocketAddr unix_peer;
  EXPECT_TRUE((PeerSet{.networks = {}, .unix_peers = true}.contains(unix_peer)));
  EXPECT_FALSE((PeerSet{.networks = {network("0.0.0.0/0")}}.contains(unix_peer)));
  EXPECT_FALSE((PeerSet{.networks = {}, .unix_peers = true}.contains(IpAddr())));
}

}  // namespace
}  // namespace flare::net
