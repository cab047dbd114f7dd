// What two sides agree on about permessage-deflate (RFC 7692 §5, §7.1; syntax RFC 6455 §9.1). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "flare/base/reason.h"

namespace flare::ws {

/// Agreed on. "server" and "client" say who compresses.
struct DeflateParams {
  bool server_no_context_takeover = false;
  bool client_no_context_takeover = false;
  std::uint8_t server_max_window_bits = 15;
  std::uint8_t client_max_window_bits = 15;

  friend bool operator==(const DeflateParams&, const DeflateParams&) = default;
};

struct DeflateOptions {
  /// What one connection may hold to carry contexts over, half for each direction: as many window bits are chosen as
  /// fit, and no takeover where none do. 0: never; connections then hold no memory between messages.
  std::size_t memory = 64 * 1024;
  /// Shorter messages are sent as they are.
  std::size_t min_bytes = 64;
};

/// One Sec-WebSocket-Extensions field value of a client: the answer to the first offer of permessage-deflate that can
/// be met; nullopt: there is none. kWsBadHandshake: not the grammar.
struct DeflateAnswer {
  DeflateParams params;
  std::string field_value;
};
std::expected<std::optional<DeflateAnswer>, Reason> answer_deflate(std::string_view offers,
                                                                   const DeflateOptions& options);

/// What a client offers.
std::string offer_deflate(const DeflateOptions& options);
/// The server's answer to offer_deflate(): nullopt for an empty one. kWsBadHandshake: not the grammar, another
/// extension, or parameters that were not offered or make no sense (RFC 7692 §7.1).
std::expected<std::optional<DeflateParams>, Reason> accept_deflate(std::string_view answer,
                                                                   const DeflateOptions& options);

}  // namespace flare::ws
