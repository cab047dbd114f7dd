#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "flare/http/proxied_connection.h"
#include "flare/http/server.h"

namespace flare::http {
namespace {

constexpr int kLargestBatch = 16;
constexpr std::chrono::milliseconds kBackOff{100};  // out of descriptors: closing connections frees some (S-19)
constexpr std::size_t kRefusalsAtOnce = 256;        // that may wait for their clients to read the answer

using TcpConnection = Connection<tcp::TcpStream>;

runtime::Task<void> serve(WorkerContext& context, net::SocketAddr peer, net::UniqueFd socket,
                          ConnectionCount::Place place) {
  TcpConnection connection(context, peer, context.worker(), std::move(socket));
  co_await connection.run();
  connection.hand_over(place);
}

runtime::Task<void> refuse(WorkerContext& context, net::SocketAddr peer, net::UniqueFd socket, Reason why) {
  ++context.refusals_under_way();
  TcpConnection connection(context, peer, context.worker(), std::move(socket));
  co_await connection.refuse(why);
  --context.refusals_under_way();
}

/// One listener's gate: who comes in, who is told why not.
class Gate {
 public:
  Gate(WorkerContext& context, tcp::TcpListener listener, ConnectionCount& count)
      : context_(context), listener_(std::move(listener)), count_(count), spare_(open_spare()) {}

  auto readable() noexcept { return listener_.readable(); }
  void pause() noexcept { listener_.pause(); }
  enum class Outcome : std::uint8_t { kTaken, kEmpty, kExhausted };
  Outcome take_one();

 private:
  static net::UniqueFd open_spare() noexcept { return net::UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }
  void admit(tcp::Accepted accepted);
  void turn_away(tcp::Accepted accepted, Reason why);
  void spend_spare();

  WorkerContext& context_;
  tcp::TcpListener listener_;
  ConnectionCount& count_;
  net::UniqueFd spare_;  ///< a descriptor in reserve, to answer even when there is none left
};

Gate::Outcome Gate::take_one() {
  auto accepted = listener_.try_accept();
  if (!accepted) {
    if (accepted.error().kind != ErrorKind::kResource) return Outcome::kEmpty;
    context_.tell_refused({}, Reason::kResourceExhausted);
    spend_spare();
    return Outcome::kExhausted;
  }
  context_.worker().counters().connections.add();
  if (!context_.trust().refuses(accepted->peer)) {
    admit(std::move(*accepted));
  } else {
    context_.tell_refused(accepted->peer, Reason::kProxyNotAllowed);
  }
  return Outcome::kTaken;
}

void Gate::admit(tcp::Accepted accepted) {
  const PeerTrust& trust = context_.trust();
  const bool proxied = trust.reads_proxy_header(accepted.peer);
  // A proxy's connections are many clients': they count as theirs where a header names them.
  const bool relays = proxied || trust.trusted_proxies.contains(accepted.peer);
  auto place = count_.enter(relays ? net::IpAddr() : accepted.peer.ip());
  runtime::Worker& worker = context_.worker();
  if (!place) {
    context_.tell_refused(accepted.peer, place.error());
    turn_away(std::move(accepted), place.error());
  } else if (proxied) {
    worker.spawn(serve_proxied_connection<tcp::TcpStream>(context_, accepted.peer, std::move(*place), std::ref(worker),
                                                          accepted.stream.release()));
  } else if (context_.tls() != nullptr) {
    worker.spawn(serve_secure_connection<tcp::TcpStream>(context_, accepted.peer, std::move(*place), std::ref(worker),
                                                         accepted.stream.release()));
  } else {
    worker.spawn(serve(context_, accepted.peer, accepted.stream.release(), std::move(*place)));
  }
}

void Gate::turn_away(tcp::Accepted accepted, Reason why) {
  if (context_.tls() != nullptr) return;                         // it would take a handshake to say so
  if (context_.refusals_under_way() >= kRefusalsAtOnce) return;  // closed unanswered: descriptors matter more by now
  context_.worker().spawn(refuse(context_, accepted.peer, accepted.stream.release(), why));
}

/// The one that waits longest is told, not left to wonder.
void Gate::spend_spare() {
  spare_.reset();
  if (auto accepted = listener_.try_accept(); accepted && context_.tls() == nullptr) {
    TcpConnection connection(context_, accepted->peer, context_.worker(), accepted->stream.release());
    connection.turn_away(Reason::kResourceExhausted);
  }
  spare_ = open_spare();
}

}  // namespace

runtime::Task<void> accept_connections(WorkerContext& context, tcp::TcpListener listener, ConnectionCount& count) {
  runtime::Worker& worker = context.worker();
  Gate gate(context, std::move(listener), count);
  // An accept4 too many costs more than a turn of the reactor, so one is made per readiness; a queue that keeps filling
  // doubles the batch until one call finds nothing.
  int batch = 1;
  for (bool draining = false; !draining;) {
    if (!worker.is_draining()) {
      const auto ready = co_await gate.readable();
      if (!ready && ready.error().kind != ErrorKind::kCancelled) {
        co_await worker.sleep(kBackOff);  // the reactor could not take it: the system is short of something
        continue;
      }
    }
    draining = worker.is_draining();  // what the kernel has queued was promised an answer: the last look takes it all
    Gate::Outcome outcome = Gate::Outcome::kTaken;
    for (int i = 0; outcome == Gate::Outcome::kTaken && (draining || i < batch); ++i) outcome = gate.take_one();
    batch = outcome == Gate::Outcome::kTaken ? std::min(batch * 2, kLargestBatch) : 1;
    if (outcome != Gate::Outcome::kExhausted || draining) continue;
    gate.pause();
    co_await worker.sleep(kBackOff);
  }
}

}  // namespace flare::http
