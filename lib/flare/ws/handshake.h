// The opening handshake of WebSocket, as a server sees it (RFC 6455 §4.2). Pure.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flare/base/reason.h"
#include "flare/http/request.h"
#include "flare/http/response.h"
#include "flare/ws/deflate_offer.h"

namespace flare::ws {

/// What a server demands and offers.
struct UpgradeOptions {
  /// Origins whose pages may connect, as browsers send them ("https://www.example.com"); "*" is any. Empty: only pages
  /// of the host that is asked.
  std::vector<std::string> origins;
  bool origin_required = false;  ///< refuse who names none: no browser
  std::vector<std::string> subprotocols;
  std::optional<DeflateOptions> deflate;  ///< nullopt: no compression
};

/// What was agreed on with a client.
struct Upgrade {
  std::string accept;       ///< Sec-WebSocket-Accept
  std::string subprotocol;  ///< the first of the client's that the server has; "": none, which is no error
  std::optional<DeflateParams> deflate;
  std::string extensions;  ///< the answer for Sec-WebSocket-Extensions; "": none
};

/// Answers `request`, or says why not: kWsUpgradeRequired (W-2), kWsBadHandshake, kWsVersion (W-1), kWsOrigin (W-3).
std::expected<Upgrade, Reason> accept_upgrade(const http::Request& request, const UpgradeOptions& options);

/// The answer to a request that is refused: 400, 403, or 426 with Upgrade and Sec-WebSocket-Version.
http::Response refuse_upgrade(Reason why);

/// The 101 answer (RFC 6455 §4.2.2), but for who takes over the connection. What follows it are frames.
http::Response switching_protocols(const Upgrade& upgrade);

/// The Sec-WebSocket-Accept for a key (RFC 6455 §4.2.2 step 5.4).
std::string accept_for_key(std::string_view key);

}  // namespace flare::ws
