// What a writer knows about what comes next.
#pragma once

#include <cstdint>

namespace flare::io {

/// Transports put together what belongs together: bytes and the end of the stream fit one packet.
enum class Ahead : std::uint8_t {
  kUnknown,  ///< send at once
  kMore,     ///< the rest of the message follows at once
  kEnd,      ///< nothing: once this is taken, the stream is closed
};

}  // namespace flare::io
