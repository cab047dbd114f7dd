// WebSocket clients without coroutines: calls that wait.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "flare/ws/close_code.h"
#include "flare/ws/connect_options.h"
#include "flare/ws/message.h"
#include "flare/ws/ws_error.h"

namespace flare::ws {

/// A message that is the receiver's own.
struct Received {
  MessageType type = MessageType::kText;
  std::string data;

  friend bool operator==(const Received&, const Received&) = default;
};

/// A connection for programs that have no worker of their own: it brings a reactor, but no thread. Pings are answered,
/// and sent, while a call waits. Belongs to one thread at a time; not for a worker's thread, which would stand still.
/// Every call throws what became of it: WsProtocolError, ConnectionReset, ConnectionTimeout, ... (exception.h).
class BlockingClient {
 public:
  /// Within options.timeout; see ws::connect. Throws http::UrlParseError, WsHandshakeError, tls::TlsHandshakeError and
  /// its kinds, ConnectionRefused, ConnectionTimeout, ...; options.resolver is not used.
  static BlockingClient connect(std::string_view url, ConnectOptions options = {});
  BlockingClient(BlockingClient&&) noexcept;
  BlockingClient& operator=(BlockingClient&&) noexcept;
  /// Ends the connection at once; the server is not told why.
  ~BlockingClient();

  /// The next message; nullopt: the session has ended in order (close_code, close_reason).
  std::optional<Received> receive();
  /// The same, but throws ConnectionTimeout where none has come within `timeout`; the session goes on.
  std::optional<Received> receive(std::chrono::milliseconds timeout);
  /// Taken by the kernel as a whole when they return. Text must be UTF-8. NetworkError: the session has ended.
  void send_text(std::string_view text);
  void send_binary(std::string_view bytes);
  /// Says why, waits for the server to say it, too, and to end the connection (SessionOptions::close_timeout, and 2 s).
  /// Messages that still come are dropped. Throws std::invalid_argument where the code may not be sent; no error of the
  /// network.
  void close(CloseCode code = CloseCode::kNormal, std::string_view reason = {});

  [[nodiscard]] bool is_open() const noexcept;
  [[nodiscard]] std::string_view subprotocol() const noexcept;  ///< "": none was agreed on
  /// The server's, once it has closed: kNoStatus, it gave none; kAbnormal, there was no close frame.
  [[nodiscard]] CloseCode close_code() const noexcept;
  [[nodiscard]] std::string_view close_reason() const noexcept;

 private:
  struct Connection;
  explicit BlockingClient(std::unique_ptr<Connection> connection) noexcept;

  std::unique_ptr<Connection> connection_;
};

}  // namespace flare::ws
