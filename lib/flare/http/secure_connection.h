// How a connection begins with TLS: the handshake first, then it is a connection like any other.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "flare/http/connection.h"
#include "flare/http/connection_count.h"
#include "flare/runtime/offload.h"
#include "flare/tls/server_context.h"
#include "flare/tls/tls_stream.h"

namespace flare::http {

/// Does the costly step of a handshake where it holds up nobody.
class HandshakeOffload {
 public:
  explicit HandshakeOffload(WorkerContext& context) noexcept : context_(context) {}
  runtime::Task<tls::Step> operator()(std::shared_ptr<tls::Session> session) {
    if (context_.offload() == nullptr) co_return session->handshake();
    co_return co_await runtime::offload(context_.worker(), *context_.offload(),
                                        [session = std::move(session)] { return session->handshake(); });
  }

 private:
  WorkerContext& context_;
};

inline constexpr std::string_view kPlainHttpAnswer =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 30\r\nConnection: close\r\n\r\n"
    "plain HTTP sent to HTTPS port\n";

/// The handshake, within its time. Where it fails, the client has been told, and the recorder too. With a frame of its
/// own, which is gone when the connection idles. `client`: the peer, or whom a proxy relays.
template <io::ByteStream Transport>
[[gnu::noinline]] runtime::Task<bool> shake_hands(WorkerContext& context, const net::SocketAddr& peer,
                                                  const net::IpAddr& client, tls::BasicTlsStream<Transport>& stream) {
  runtime::Worker& worker = context.worker();
  HandshakeRate* const rate = context.handshake_rate();
  if (rate != nullptr && !rate->admit(client, worker.now())) {
    context.tell_refused(peer, Reason::kHandshakeRate);
    co_return false;
  }
  tls::Session& session = stream.session();
  stream.set_deadline(worker.now() + session.context()->handshake_timeout());
  stream.set_idle(true);  // until the client has sent something, a drain loses nothing
  auto outcome = co_await stream.receive_hello();
  stream.set_idle(false);
  if (!outcome) {  // who comes and goes without a word is looking whether there is somebody
    if (outcome.error().kind == ErrorKind::kTimeout) context.tell_refused(peer, Reason::kTlsTimeout);
    co_return false;
  }
  if (session.looks_like_http()) {  // T-4
    context.tell_refused(peer, Reason::kPlainHttpOnTls);
    static_cast<void>(stream.transport().try_write(kPlainHttpAnswer, io::Ahead::kEnd));
    co_await linger(stream.transport(), worker, context.input());
    co_return false;
  }
  while (!context.admit_handshake()) co_await worker.yield();
  HandshakeOffload elsewhere(context);
  outcome = co_await stream.handshake(elsewhere);
  if (outcome) {
    worker.counters().handshakes.add();
    if (session.is_resumed()) worker.counters().resumptions.add();
    co_return true;
  }
  const Error& error = outcome.error();
  const bool failed = error.kind == ErrorKind::kProtocol;
  const Reason why = error.kind == ErrorKind::kTimeout ? Reason::kTlsTimeout : Reason::kTlsClosed;
  context.tell_refused(peer, failed ? error.reason : why, session.failure());
  co_return false;
}

/// What has come before the handshake, where something has: a PROXY header and what followed it.
struct Opening {
  std::optional<net::SocketAddr> source;  ///< whom the proxy relays, where it says so
  std::string input;                      ///< what has arrived of what follows
  runtime::TimePoint since;               ///< when that began to arrive
};

/// serve_connection() for a listener with TLS. `transport` is what the transport is made of: there is one copy of it.
template <io::ByteStream Transport, class... TransportArgs>
runtime::Task<void> serve_secure_connection(WorkerContext& context, net::SocketAddr peer, ConnectionCount::Place place,
                                            TransportArgs... transport) {
  Connection<tls::BasicTlsStream<Transport>> connection(context, peer, context.tls()->accept(),
                                                        std::move(transport)...);
  const bool secure = co_await shake_hands(context, peer, peer.ip(), connection.stream());
  if (secure) co_await connection.run();
  if (connection.hand_over(place)) co_return;
  if (connection.must_settle()) co_await connection.settle();
}

/// The same from behind its opening; `place` outlives the task.
template <io::ByteStream Transport>
runtime::Task<void> serve_secure_connection(WorkerContext& context, net::SocketAddr peer, ConnectionCount::Place& place,
                                            Opening opening, Transport transport) {
  auto session = context.tls()->accept();
  session->feed(opening.input);
  Connection<tls::BasicTlsStream<Transport>> connection(context, peer, std::move(session), std::move(transport));
  if (opening.source) connection.set_source(*opening.source);
  const net::IpAddr client = opening.source.value_or(peer).ip();
  const bool secure = co_await shake_hands(context, peer, client, connection.stream());
  if (secure) co_await connection.run();
  if (connection.hand_over(place)) co_return;
  if (connection.must_settle()) co_await connection.settle();
}

}  // namespace flare::http
