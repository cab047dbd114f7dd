#include "flare/ws/endpoint.h"

#include <string>
#include <utility>
#include <variant>

#include "flare/http/takeover.h"
#include "flare/io/any_stream.h"
#include "flare/ws/turn.h"

namespace flare::ws {
namespace {

/// A session and all that it needs. Its parts are held once: what was agreed is the session's from its beginning on.
class SessionTakeover final : public http::Takeover {
 public:
  SessionTakeover(std::shared_ptr<Turn> turn, std::shared_ptr<const EndpointOptions> options, Agreed agreed,
                  std::shared_ptr<const SessionHandler> handler) noexcept
      : turn_(std::move(turn)),
        options_(std::move(options)),
        handler_(std::move(handler)),
        state_(std::in_place_type<Agreed>, std::move(agreed)) {}

  runtime::Task<void> run(io::AnyStream& stream, std::string received) override {
    Agreed agreed = std::move(std::get<Agreed>(state_));
    auto& session = state_.emplace<TheSession>(*turn_, options_->session, std::move(agreed), stream);
    session.begin_with(std::move(received));
    return (*handler_)(session);
  }
  runtime::Task<void> finish(bool failed) override {
    auto* const session = std::get_if<TheSession>(&state_);  // there is none where there was no memory for it
    if (session == nullptr) return Takeover::finish(failed);
    return session->finish(failed ? CloseCode::kInternalError : CloseCode::kNormal);
  }

 private:
  using TheSession = StreamSession<io::AnyStream>;

  std::shared_ptr<Turn> turn_;
  std::shared_ptr<const EndpointOptions> options_;
  std::shared_ptr<const SessionHandler> handler_;
  std::variant<Agreed, TheSession> state_;
};

http::Response refuse_while_draining() {
  http::Response response = http::error_response(http::Status::kServiceUnavailable, Reason::kDraining);
  response.headers.append("Retry-After", "1");
  return response;
}

/// The callbacks outlive the session: its handler has a share of them.
struct Calling {
  std::shared_ptr<const Callbacks> callbacks;

  runtime::Task<void> operator()(Session& session) const { return run(callbacks, session); }
  static runtime::Task<void> run(std::shared_ptr<const Callbacks> callbacks, Session& session) {
    if (callbacks->on_open) callbacks->on_open(session);
    while (auto message = co_await session.receive()) {
      if (callbacks->on_message) callbacks->on_message(session, *message);
    }
    if (callbacks->on_close) callbacks->on_close(session);
  }
};

}  // namespace

http::Response begin_session(const http::Request& request, std::shared_ptr<const EndpointOptions> options,
                             std::shared_ptr<const SessionHandler> handler) {
  auto upgrade = accept_upgrade(request, options->upgrade);
  if (!upgrade) return refuse_upgrade(upgrade.error());
  return begin_session(std::move(*upgrade), std::move(options), std::move(handler));
}

http::Response begin_session(Upgrade upgrade, std::shared_ptr<const EndpointOptions> options,
                             std::shared_ptr<const SessionHandler> handler) {
  runtime::Worker& worker = runtime::Worker::current();
  if (worker.is_draining()) return refuse_while_draining();
  http::Response response = switching_protocols(upgrade);
  Agreed agreed{.role = Role::kServer, .deflate = upgrade.deflate, .subprotocol = std::move(upgrade.subprotocol)};
  response.takeover =
      std::make_unique<SessionTakeover>(Turn::of(worker), std::move(options), std::move(agreed), std::move(handler));
  return response;
}

Endpoint::Endpoint(SessionHandler handler, EndpointOptions options)
    : handler_(std::make_shared<const SessionHandler>(std::move(handler))),
      options_(std::make_shared<const EndpointOptions>(std::move(options))) {}

SessionHandler with_callbacks(Callbacks callbacks) {
  return Calling{std::make_shared<const Callbacks>(std::move(callbacks))};
}

runtime::Task<void> echo(Session& session) {
  while (auto message = co_await session.receive()) {
    const auto sent = co_await session.send(*message);
    if (!sent) co_return;
  }
}

}  // namespace flare::ws
