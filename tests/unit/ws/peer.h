// A WebSocket server for clients to talk to, right or wrong, on a thread of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "flare/net/socket_addr.h"
#include "flare/runtime/worker.h"
#include "flare/tcp/tcp_listener.h"
#include "flare/tls/server_context.h"
#include "flare/ws/handshake.h"
#include "flare/ws/stream_session.h"
#include "tests/support/ws_harness.h"

namespace flare::ws::test {

/// What a server does with a connection behind its 101, byte by byte. The connection ends with it.
using RawPart = runtime::Task<void> (*)(tcp::TcpStream& stream);

struct PeerOptions {
  UpgradeOptions upgrade{.origins = {"*"}};
  SessionOptions session;
  SessionHandler handler = flare::test::echo;
  std::shared_ptr<const tls::ServerContext> tls;
  std::string answer;     ///< sent instead of a handshake; then the connection ends
  std::string early;      ///< frames in the segment of the 101
  RawPart raw = nullptr;  ///< instead of `handler`; without TLS
  int broken = 0;         ///< so many connections, the first ones, end right behind their 101
};

class Peer {
 public:
  explicit Peer(PeerOptions options = {});
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer();

  [[nodiscard]] const net::Endpoint& where() const noexcept { return where_; }
  /// "ws://127.0.0.1:PORT/", or wss.
  [[nodiscard]] std::string url() const;
  [[nodiscard]] int connections() const noexcept { return connections_; }
  /// The last request's head.
  [[nodiscard]] std::string request() const;

 private:
  runtime::Task<void> accept_all(tcp::TcpListener listener);
  runtime::Task<void> serve(tcp::TcpStream stream);
  template <io::ByteStream Stream>
  runtime::Task<void> serve_on(Stream& stream);
  template <io::ByteStream Stream>
  runtime::Task<void> run_raw(Stream& stream);

  PeerOptions options_;
  std::atomic<int> connections_ = 0;
  mutable std::mutex mutex_;
  std::string request_;
  runtime::Worker worker_;
  std::shared_ptr<Turn> turn_;  ///< connections have it, too: they may end with the worker
  net::Endpoint where_;
  std::thread thread_;
};

/// A TLS server's context for "server.example.com" and what a client is to trust for it.
struct Identity {
  std::shared_ptr<const tls::ServerContext> server;
  std::string ca_pem;
};
const Identity& identity();

}  // namespace flare::ws::test
