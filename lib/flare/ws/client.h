// WebSocket clients for coroutines (RFC 6455 §4.1): `auto client = co_await ws::connect(worker, url);`, then its
// session. Programs without a worker: blocking_client.h. Connections that are made again: reconnect.h.
#pragma once

#include <memory>
#include <string_view>

#include "flare/base/error.h"
#include "flare/http/url.h"
#include "flare/runtime/cancellation.h"
#include "flare/runtime/task.h"
#include "flare/runtime/worker.h"
#include "flare/ws/connect_options.h"
#include "flare/ws/session.h"

namespace flare::ws {

/// A connection with its session, past the handshake. Belongs to its worker, which outlives it. May be destroyed
/// whenever nobody waits on it: the connection ends at once then, and without close() the server is not told why. A
/// drain of the worker does not end it: that is for its owner, by close() or cancel().
class Client {
 public:
  class Connection;  ///< internal (client_connection.h)
  explicit Client(std::unique_ptr<Connection> connection) noexcept;
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  /// Lives as long as the client, wherever that is moved to.
  [[nodiscard]] Session& session() noexcept;
  /// Closes the session if it is open (Session::close), then waits until the server has ended the connection, at most
  /// 2 s. For every end that is not an error.
  runtime::Task<void> close(CloseCode code = CloseCode::kNormal, std::string_view reason = {});
  /// Ends what waits, and all that follows, with kCancelled.
  void cancel() noexcept;

 private:
  std::unique_ptr<Connection> connection_;
};

/// Resolves the URL's host, connects to the first of its addresses that answers (RFC 8305), over TLS for wss and https,
/// and shakes hands; redirects are not followed. Early frames, in the segment of the 101, are the session's first.
/// Errors have ErrorSource::kUpstream: those of dns::Resolver, tcp::connect and tls::connect; kProtocol with kWsRefused
/// or kWsBadHandshake; kTimeout, with a reason that says how far it came; kClosed, the server hung up instead of an
/// answer; kCancelled after `cancelled`. `cancelled` and `answer` may be nullptr, and outlive the task. Throws
/// std::invalid_argument or HeaderInjectionError where an option cannot be sent.
runtime::Task<Result<Client>> connect(runtime::Worker& worker, http::Url url, ConnectOptions options = {},
                                      runtime::Cancellation* cancelled = nullptr, Answer* answer = nullptr);

}  // namespace flare::ws
