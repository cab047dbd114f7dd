// An HTTP server in one expression: http::Server::bind(addr).serve(handler, {.workers = 4}).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "flare/http/connection_count.h"
#include "flare/http/handler.h"
#include "flare/http/limits.h"
#include "flare/http/transaction.h"
#include "flare/http/worker_context.h"
#include "flare/net/socket.h"
#include "flare/runtime/worker_pool.h"
#include "flare/tcp/tcp_listener.h"

namespace flare::http {

/// Accepts until the worker drains; each connection becomes a root task of the worker. What `count` has no place for is
/// told so, with 503 or 429 (L-3); without descriptors accepting pauses for a moment. `context` and `count` outlive the
/// worker's run.
runtime::Task<void> accept_connections(WorkerContext& context, tcp::TcpListener listener, ConnectionCount& count);

struct ServeOptions {
  std::uint32_t workers = 1;  ///< 1 to 256; 0: as many as this process may use cores
  bool pin = false;           ///< worker i to the i-th allowed core
  Limits limits{};
  PeerTrust trust{};
  std::shared_ptr<const tls::ServerContext> tls{};  ///< null: plain HTTP
  std::string server = "flared";                    ///< the Server field; "" sends none
  std::chrono::milliseconds drain_timeout{30'000};
};

/// Thread per core: each worker has its own SO_REUSEPORT listener, reactor and connections; nothing is shared on the
/// way of a request but the handler, which is const.
class Server {
 public:
  /// Claims the address; connections queue from here on. Throws AddressInUse, PermissionDenied, ... (exception.h).
  static Server bind(const net::Endpoint& where, const net::ListenOptions& options = {});
  Server(Server&&) noexcept;
  Server& operator=(Server&&) noexcept;
  /// shutdown() if still serving.
  ~Server();

  /// With the port the kernel chose where 0 was asked for.
  [[nodiscard]] const net::Endpoint& local_addr() const noexcept { return where_; }

  /// Starts the workers and returns. Throws if they cannot start.
  void start(Handler handler, ServeOptions options = {});
  /// start(), then waits until another thread calls shutdown().
  void serve(Handler handler, ServeOptions options = {});
  /// Drains: no new connections, answers in progress finish. False where some were cut off by the drain timeout. Any
  /// thread.
  bool shutdown();
  /// What each worker has done so far; empty before start().
  [[nodiscard]] std::vector<runtime::WorkerReport> report() const;

 private:
  struct Running;
  struct Control;
  Server(net::Endpoint where, net::ListenOptions options, net::UniqueFd first);

  net::Endpoint where_;
  net::ListenOptions options_;
  std::vector<net::UniqueFd> listening_;  ///< one until start() adds the other workers'
  std::unique_ptr<Control> control_;
  std::unique_ptr<Running> running_;
};

}  // namespace flare::http
