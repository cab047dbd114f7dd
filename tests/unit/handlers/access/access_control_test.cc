#include "flare/handlers/access/access_control.h"

#include <gtest/gtest.h>

#include <initializer_list>

#include "support/parsed_request.h"

namespace flare::handlers {
namespace {

using test::ParsedRequest;

net::PeerSet peers(std::initializer_list<const char*> networks, bool unix_peers = false) {
  net::PeerSet set{.networks = {}, .unix_peers = unix_peers};
  for (const char* network : networks) set.networks.push_back(net::Cidr::try_parse(network).value());
  return set;
}

bool admits(const AccessRules& rules, const char* client, bool behind_a_proxy = true) {
  ParsedRequest request("GET", "/");
  request->set_peer(net::SocketAddr(net::IpAddr::try_parse(behind_a_proxy ? "203.0.113.9" : client).value(), 1), false);
  request->set_client(net::IpAddr::try_parse(client).value());
  return rules.admits(*request);
}

TEST(AccessRules, WithoutListsEverybodyMayAsk) {
  EXPECT_TRUE(AccessRules{}.empty());
  EXPECT_TRUE(admits({}, "192.0.2.1"));
}

TEST(AccessRules, AnAllowListRefusesEverybodyElse) {
  const AccessRules rules{.allow = peers({"192.0.2.0/24", "2001:db8::/32"}), .deny = {}};
  EXPECT_FALSE(rules.empty());
  EXPECT_TRUE(admits(rules, "192.0.2.255"));
  EXPECT_TRUE(admits(rules, "2001:db8::1"));
  EXPECT_FALSE(admits(rules, "192.0.3.0"));
  EXPECT_FALSE(admits(rules, "2001:db9::1"));
}

TEST(AccessRules, AnAllowListOfNobodyIsNotNone) {
  const AccessRules rules{.allow = net::PeerSet(), .deny = {}};
  EXPECT_FALSE(rules.empty());
  EXPECT_FALSE(admits(rules, "192.0.2.1"));
}

TEST(AccessRules, DenyWins) {
  const AccessRules rules{.allow = peers({"192.0.2.0/24"}), .deny = peers({"192.0.2.7"})};
  EXPECT_TRUE(admits(rules, "192.0.2.6"));
  EXPECT_FALSE(admits(rules, "192.0.2.7"));
  const AccessRules alone{.allow = {}, .deny = peers({"192.0.2.7"})};
  EXPECT_FALSE(alone.empty());
  EXPECT_TRUE(admits(alone, "198.51.100.1"));
  EXPECT_FALSE(admits(alone, "192.0.2.7"));
}

TEST(AccessRules, MappedAddressesAreTheIPv4OnesTheyStandFor) {
  EXPECT_FALSE(admits({.allow = {}, .deny = peers({"192.0.2.7"})}, "::ffff:192.0.2.7"));
  EXPECT_TRUE(admits({.allow = peers({"192.0.2.7"}), .deny = {}}, "::ffff:192.0.2.7"));
}

TEST(AccessRules, ItIsTheClientThatCountsNotTheProxy) {
  EXPECT_TRUE(admits({.allow = {}, .deny = peers({"203.0.113.9"})}, "192.0.2.7"));
  EXPECT_FALSE(admits({.allow = {}, .deny = peers({"203.0.113.9"})}, "203.0.113.9", false));
}

TEST(AccessRules, UnixPeersHaveNoAddress) {
  ParsedRequest request("GET", "/");
  request->set_peer({}, false);
  const net::PeerSet everywhere = peers({"0.0.0.0/0", "::/0"});
  EXPECT_FALSE((AccessRules{.allow = everywhere, .deny = {}}).admits(*request));
  EXPECT_TRUE((AccessRules{.allow = {}, .deny = everywhere}).admits(*request));
  EXPECT_TRUE((AccessRules{.allow = peers({}, true), .deny = {}}).admits(*request));
  EXPECT_FALSE((AccessRules{.allow = {}, .deny = peers({}, true)}).admits(*request));
  request->set_client(net::IpAddr::try_parse("192.0.2.7").value());
  EXPECT_FALSE((AccessRules{.allow = peers({}, true), .deny = {}}).admits(*request)) << "a proxy has said who it is";
}

TEST(AccessRules, ANetworkOfAllHoldsTheUnspecifiedAddressThatATcpPeerClaims) {
  EXPECT_FALSE(admits({.allow = {}, .deny = peers({"0.0.0.0/0", "::/0"})}, "0.0.0.0"));
  EXPECT_FALSE(admits({.allow = {}, .deny = peers({"0.0.0.0/0", "::/0"})}, "::"));
}

TEST(AccessControl, RefusesBeforeItsHandlerIsCalled) {
  int calls = 0;
  const AccessControl handler({.allow = {}, .deny = peers({"192.0.2.7"})}, [&calls](const http::Request&) {
    ++calls;
    return http::ok("hello");
  });
  ParsedRequest request("GET", "/");
  request->set_peer(net::SocketAddr::parse("192.0.2.7:1"), false);
  const http::Response refusal = test::answer(handler, request);
  EXPECT_EQ(refusal.status, http::Status::kForbidden);
  EXPECT_EQ(refusal.why, Reason::kAccessDenied);
  EXPECT_FALSE(refusal.close);
  EXPECT_EQ(refusal.headers.get("Cache-Control"), "no-store");
  EXPECT_EQ(calls, 0);
  request->set_peer(net::SocketAddr::parse("192.0.2.8:1"), false);
  EXPECT_TRUE(test::answer(handler, request).ok());
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace flare::handlers
