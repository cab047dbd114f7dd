// What the blocking client throws. Coroutines get the same as values: Error::reason says which.
#pragma once

#include <optional>
#include <string>

#include "flare/base/exception.h"
#include "flare/http/status.h"

namespace flare::ws {

/// The server did not become one of WebSocket: it answered with another status than 101, did not agree as it should
/// have, or does not speak HTTP.
class WsHandshakeError : public NetworkError {
 public:
  WsHandshakeError(const std::string& context, Error error, std::optional<http::Status> status)
      : NetworkError(context, error), status_(status) {}
  /// nullopt: it has not answered in HTTP.
  [[nodiscard]] std::optional<http::Status> status() const noexcept { return status_; }

 private:
  std::optional<http::Status> status_;
};

/// The server broke a rule of RFC 6455 or RFC 7692, or a limit of ours (error().reason); it has been told.
class WsProtocolError : public NetworkError {
  using NetworkError::NetworkError;
};

}  // namespace flare::ws
