// What a WebSocket session is made with.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "flare/ws/deflate_offer.h"
#include "flare/ws/frame.h"
#include "flare/ws/message.h"

namespace flare::ws {

/// What happens to a message that is posted to a session whose peer takes less than it is sent (W-13).
enum class OnSlow : std::uint8_t {
  kDropNewest,     ///< it is dropped
  kDropOldest,     ///< those that wait longest are, to make room for it
  kClose,          ///< the session ends with 1013
  kPauseProducer,  ///< it is not taken, and whoever sends it waits until there is room
};

/// Limits and times of a route's sessions, which they outlive.
struct SessionOptions {
  MessageLimits limits;
  std::size_t queue = 1024 * 1024;  ///< bytes that wait for the peer at most, where they are posted (ws.queue)
  OnSlow on_slow = OnSlow::kClose;
  std::chrono::milliseconds ping{20'000};          ///< a ping where nothing came for so long; 0: none (W-10)
  std::chrono::milliseconds idle{90'000};          ///< the end where nothing came for so long; 0: none (W-10)
  std::chrono::milliseconds write_idle{30'000};    ///< the end where the peer takes nothing for so long
  std::chrono::milliseconds close_timeout{5'000};  ///< for the peer's close frame after ours (W-11)
  std::chrono::milliseconds drain_spread{0};       ///< a drain ends sessions at moments of their own within (W-12)
  std::uint32_t deflate_min_bytes = 64;            ///< shorter messages are sent as they are
};

/// What the handshake has agreed on.
struct Agreed {
  Role role = Role::kServer;
  std::optional<DeflateParams> deflate;
  std::string subprotocol;
};

}  // namespace flare::ws
