// WebSocket as a handler of HTTP: `router.get("/chat", ws::Endpoint(chat));`
#pragma once

#include <functional>
#include <memory>

#include "flare/http/request.h"
#include "flare/http/response.h"
#include "flare/ws/handshake.h"
#include "flare/ws/session_options.h"
#include "flare/ws/stream_session.h"

namespace flare::ws {

struct EndpointOptions {
  UpgradeOptions upgrade;
  SessionOptions session;
};

/// Answers one handshake: with 101, whereupon `handler` has the session, or with the reason why not (W-1 to W-3); while
/// the worker drains with 503 (W-12). On a worker; the connection is closed when the handler is done.
http::Response begin_session(const http::Request& request, std::shared_ptr<const EndpointOptions> options,
                             std::shared_ptr<const SessionHandler> handler);
/// The same for one that has been accepted (accept_upgrade).
http::Response begin_session(Upgrade upgrade, std::shared_ptr<const EndpointOptions> options,
                             std::shared_ptr<const SessionHandler> handler);

/// Does that for every request. Copies share handler and options.
class Endpoint {
 public:
  static constexpr bool kIgnoresContent = true;

  explicit Endpoint(SessionHandler handler, EndpointOptions options = {});
  http::Response operator()(const http::Request& request) const { return begin_session(request, options_, handler_); }

 private:
  std::shared_ptr<const SessionHandler> handler_;
  std::shared_ptr<const EndpointOptions> options_;
};

/// A session without a coroutine: each is called on the session's worker, and may be left out. They send with
/// Session::post(), which does not wait.
struct Callbacks {
  std::function<void(Session&)> on_open;
  std::function<void(Session&, const Message&)> on_message;  ///< its data lives until the call returns
  std::function<void(Session&)> on_close;                    ///< close_code() and why() say how it ended
};
SessionHandler with_callbacks(Callbacks callbacks);

/// Sends back whatever comes.
runtime::Task<void> echo(Session& session);

}  // namespace flare::ws
