#include "server/config/read_access.h"

#include <fmt/format.h>

namespace flare::server::config {
namespace {

bool add_peer(net::PeerSet& peers, std::string_view text) {
  if (text == "unix") {
    peers.unix_peers = true;
    return true;
  }
  const auto network = net::Cidr::try_parse(text);
  if (network) peers.networks.push_back(*network);
  return network.has_value();
}

net::PeerSet checked_peers(const Node& list) {
  net::PeerSet peers;
  for (const Node* node : elements(&list)) add_peer(peers, node->text);
  return peers;
}

}  // namespace

net::PeerSet read_peers(LoadContext& context, const Node& list) {
  net::PeerSet peers;
  for (const Node* node : elements(&list)) {
    if (add_peer(peers, node->text)) continue;
    context.report("FL0003", node->at, fmt::format("{} is not a network", shown(*node)),
                   "write \"10.0.0.0/8\", \"2001:db8::/32\", one address, or \"unix\" for unix sockets; the bits "
                   "after the prefix are zero");
  }
  return peers;
}

void check_access(LoadContext& context, Node& table) {
  for (const std::string_view key : {"allow", "deny"}) {
    if (const Node* list = table.find(key)) static_cast<void>(read_peers(context, *list));
  }
  const Node* allow = table.find("allow");
  if (allow == nullptr || allow->kind != Node::Kind::kArray || !allow->items.empty()) return;
  context.report("FL0003", allow->at, "\"allow\" is empty: everybody would be refused",
                 "leave it out where there is nothing to limit; to lift the list of an outer level write "
                 "allow = [\"0.0.0.0/0\", \"::/0\", \"unix\"]");
}

void apply_access(const LoadContext& context, AccessSettings& access, const Node& table, std::string_view via) {
  if (const Node* allow = table.find("allow")) access.allow = {checked_peers(*allow), context.origin(*allow, via)};
  if (const Node* deny = table.find("deny")) access.deny = {checked_peers(*deny), context.origin(*deny, via)};
}

}  // namespace flare::server::config
