// A pool of upstream servers: which they are, how one is chosen, kept, judged and found (config.md [upstream.*]).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "flare/handlers/upstream/balancer.h"
#include "flare/handlers/upstream/hash_key.h"
#include "flare/http/client_connection.h"
#include "flare/http/connection_pool.h"
#include "flare/tcp/connect.h"
#include "flare/tls/client_context.h"

namespace flare::handlers {

struct ServerOptions {
  /// "192.0.2.1:3000", "[2001:db8::1]:3000", "unix:/run/app.sock", or "app.internal:3000": a name's addresses are one
  /// server's, tried by happy eyeballs.
  std::string address;
  std::uint32_t weight = 1;
  bool backup = false;  ///< asked only where no other can be
};

/// Servers that the DNS names: each address, or each service, is one.
struct DiscoverOptions {
  enum class Type : std::uint8_t { kBoth, kV4, kV6, kService };
  std::string name;
  std::uint16_t port = 0;  ///< not with kService
  Type type = Type::kBoth;
  bool keep = true;  ///< where the name cannot be resolved any more, the last answer holds, for `stale`
};

/// How often names are asked for, and how long the last good answer holds (P-19).
struct ResolveOptions {
  std::chrono::milliseconds min_ttl{1'000};
  std::chrono::milliseconds max_ttl{60'000};
  std::chrono::milliseconds stale{86'400'000};
};

/// Active checks (P-18).
struct HealthOptions {
  std::string path;  ///< asked for by GET; "": a connection is enough
  std::string host;  ///< the Host field; "": the server's address
  std::chrono::milliseconds interval{5'000};
  std::chrono::milliseconds timeout{2'000};
  std::uint32_t rise = 2;             ///< so many good ones in a row: up
  std::uint32_t fall = 3;             ///< so many bad ones in a row: down
  std::vector<std::uint16_t> expect;  ///< statuses; empty: 200 to 399
};

/// Servers that fail requests are left out for a while.
struct EjectOptions {
  std::uint32_t errors = 5;  ///< within `window`; 0: never
  std::chrono::milliseconds window{10'000};
  std::chrono::milliseconds duration{15'000};
  double max_ejected = 0.5;  ///< of all servers
};

/// What is tried again, at another server where there is one (P-15). Only what can be repeated: RFC 9110 §9.2.2.
struct RetryOptions {
  bool connect = true;                  ///< a connection that cannot be made: nothing has been sent
  bool reset = true;                    ///< one that ended before a byte of the answer
  bool timeout = false;                 ///< no answer in time
  std::vector<std::uint16_t> statuses;  ///< answers that are thrown away
  std::uint32_t max = 1;                ///< attempts beyond the first
  double budget = 0.2;  ///< of a worker's requests; a connection that cannot be made costs nothing of it
};

/// The pool as a whole: where too much fails, nobody is asked for a while.
struct BreakerOptions {
  double failures = 0.5;        ///< of the requests in a window; 0: no breaker
  std::uint32_t requests = 20;  ///< a window with fewer says nothing
  std::chrono::milliseconds window{10'000};
  std::chrono::milliseconds open{5'000};  ///< then one request is let through: it decides
};

/// Requests that wait for a place where all servers are at max_conns.
struct QueueOptions {
  std::uint32_t depth = 0;  ///< of each worker
  std::chrono::milliseconds wait{2'000};
};

/// A client goes on to the server that it was at (P-20).
struct StickyOptions {
  std::string cookie;
  std::chrono::seconds ttl{0};  ///< 0: as long as the browser runs
  bool secure = true;
  std::string secret;  ///< what cookies are made with; "": the process's own, and cookies end with it
};

struct UpstreamOptions {
  std::string name;  ///< for logs
  std::vector<ServerOptions> servers;
  std::optional<DiscoverOptions> discover;
  ResolveOptions resolve;
  BalanceOptions balance;
  HashKey hash;  ///< with Balance::kHash
  std::optional<StickyOptions> sticky;
  http::ConnectionPoolOptions keepalive;
  tcp::ConnectOptions connect{.timeout = std::chrono::milliseconds(2'000)};
  http::ClientLimits limits;
  std::chrono::milliseconds tunnel_idle{3'600'000};  ///< without a byte either way behind a 101
  std::uint32_t max_conns = 0;  ///< requests under way at one server, of all workers; 0: any number
  QueueOptions queue;
  std::optional<HealthOptions> health;
  EjectOptions eject;
  RetryOptions retry;
  std::optional<BreakerOptions> breaker;
  std::shared_ptr<const tls::ClientContext> tls;  ///< nullptr: plain
  std::string tls_name;                           ///< whom the certificate is for; "": the server's own host
};

}  // namespace flare::handlers
