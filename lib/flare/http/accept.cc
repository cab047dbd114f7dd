#include <algorithm>
#include <chrono>
#include <functional>

#include "flare/http/proxied_connection.h"
#include "flare/http/server.h"

namespace flare::http {
namespace {

constexpr int kLargestBatch = 16;
constexpr std::chrono::milliseconds kBackOff{100};  // out of descriptors: closing connections frees some (S-19)

void serve_accepted(WorkerContext& context, tcp::Accepted accepted) {
  runtime::Worker& worker = context.worker();
  if (context.trust().reads_proxy_header(accepted.peer)) {
    return worker.spawn(
        serve_proxied_connection<tcp::TcpStream>(context, accepted.peer, std::ref(worker), accepted.stream.release()));
  }
  if (!context.trust().refuses(accepted.peer)) {
    return worker.spawn(
        serve_connection<tcp::TcpStream>(context, accepted.peer, std::ref(worker), accepted.stream.release()));
  }
  if (context.recorder() != nullptr) context.recorder()->closed_unanswered(accepted.peer, Reason::kProxyNotAllowed);
}

}  // namespace

runtime::Task<void> accept_connections(WorkerContext& context, tcp::TcpListener listener) {
  runtime::Worker& worker = context.worker();
  // An accept4 too many costs more than a turn of the reactor, so one is made per readiness; a queue that keeps filling
  // doubles the batch until one call finds nothing.
  int batch = 1;
  for (bool draining = false; !draining;) {
    if (auto ready = co_await listener.readable(); !ready) {
      if (ready.error().kind != ErrorKind::kCancelled) {
        co_await worker.sleep(kBackOff);  // the reactor could not take it: the system is short of something
        continue;
      }
      draining = true;  // what the kernel has queued was promised an answer: take it all, then close the listener
    }
    bool drained = false;
    for (int i = 0; draining || i < batch; ++i) {
      auto accepted = listener.try_accept();
      if (!accepted) {
        drained = true;
        if (accepted.error().kind == ErrorKind::kResource && !draining) co_await worker.sleep(kBackOff);
        break;
      }
      worker.counters().connections.add();
      serve_accepted(context, std::move(*accepted));
    }
    batch = drained ? 1 : std::min(batch * 2, kLargestBatch);
  }
}

}  // namespace flare::http
