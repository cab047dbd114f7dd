// What a WebSocket client is made with, and what a server said to its handshake.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "flare/http/header_map.h"
#include "flare/http/status.h"
#include "flare/net/socket_addr.h"
#include "flare/ws/client_handshake.h"
#include "flare/ws/session_options.h"

namespace flare::dns {
class Resolver;
}
namespace flare::tls {
class ClientContext;
}

namespace flare::ws {

/// As it is, it verifies servers of wss by the system's authorities, and offers neither subprotocol nor compression.
struct ConnectOptions {
  ClientOptions handshake;
  http::HeaderMap fields;  ///< more of the request's, such as Authorization and Cookie; none of the handshake's own
  SessionOptions session;
  std::chrono::milliseconds timeout{30'000};  ///< of everything up to the server's answer
  /// For wss; nullptr: one with its defaults is made for the connection, which costs reading the system's authorities.
  std::shared_ptr<const tls::ClientContext> tls;
  /// Of the same worker, outlives connecting; nullptr: one for this connection, with the system's name servers.
  dns::Resolver* resolver = nullptr;
  /// Where to connect to; empty: to what the URL's host resolves to. Host, SNI and certificate are the URL's either
  /// way.
  std::vector<net::Endpoint> addresses;
};

/// For who has to know more than the error says: why a server refused, and when to come again.
struct Answer {
  std::optional<http::Status> status;  ///< nullopt: the server has not answered in HTTP
  http::HeaderMap fields;
  std::string words;  ///< for people: what was wrong, if something was
};

}  // namespace flare::ws
