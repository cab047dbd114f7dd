// What a WebSocket session is made with.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "flare/ws/deflate_offer.h"
#include "flare/ws/frame.h"
#include "flare/ws/message.h"

namespace flare::ws {

/// Limits and times of a route's sessions, which they outlive.
struct SessionOptions {
  MessageLimits limits;
  std::chrono::milliseconds ping{20'000};          ///< a ping where nothing came for so long; 0: none (W-10)
  std::chrono::milliseconds idle{90'000};          ///< the end where nothing came for so long; 0: none (W-10)
  std::chrono::milliseconds write_idle{30'000};    ///< the end where the peer takes nothing for so long
  std::chrono::milliseconds close_timeout{5'000};  ///< for the peer's close frame after ours (W-11)
  std::size_t deflate_min_bytes = 64;              ///< shorter messages are sent as they are
};

/// What the handshake has agreed on.
struct Agreed {
  Role role = Role::kServer;
  std::optional<DeflateParams> deflate;
  std::string subprotocol;
};

}  // namespace flare::ws
