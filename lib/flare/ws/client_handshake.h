// The opening handshake of WebSocket, as a client sees it (RFC 6455 §4.1). Pure.
#pragma once

#include <array>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flare/base/reason.h"
#include "flare/http/field.h"
#include "flare/http/header_map.h"
#include "flare/http/status.h"
#include "flare/ws/deflate_offer.h"

namespace flare::ws {

struct ClientOptions {
  std::vector<std::string> subprotocols;  ///< in the order of preference
  std::string origin;                     ///< for servers that want one; "": none
  std::optional<DeflateOptions> deflate;  ///< nullopt: no compression
};

/// What a server agreed to.
struct Agreement {
  std::string subprotocol;  ///< "": none
  std::optional<DeflateParams> deflate;
};

/// One handshake: its request's fields, then the check of the answer.
class ClientHandshake {
 public:
  /// `nonce`: from fill_random, new for each connection. `options` outlives the handshake.
  ClientHandshake(const std::array<char, 16>& nonce, const ClientOptions& options);

  /// Upgrade, Connection and Sec-WebSocket-*; whoever sends the GET adds Host. Throws HeaderInjectionError where an
  /// option is no field value.
  [[nodiscard]] http::HeaderMap request_fields() const;
  /// kWsBadHandshake: the server did not agree, or to something that was not offered (RFC 6455 §4.1, RFC 7692 §7.1).
  [[nodiscard]] std::expected<Agreement, Reason> check(http::Status status, http::Fields fields) const;

 private:
  const ClientOptions& options_;
  std::string key_;
};

}  // namespace flare::ws
