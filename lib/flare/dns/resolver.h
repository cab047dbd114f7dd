// Names to addresses and services (RFC 1035, RFC 2782), without blocking the worker.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "flare/base/error.h"
#include "flare/base/exception.h"
#include "flare/net/ip_addr.h"
#include "flare/runtime/cancellation.h"
#include "flare/runtime/task.h"
#include "flare/runtime/worker.h"

namespace flare::dns {

enum class Family : std::uint8_t { kAny, kV4, kV6 };

struct ResolverOptions {
  /// "192.0.2.53", "192.0.2.53:5353", "[2001:db8::53]:53"; empty: the system's (/etc/resolv.conf).
  std::vector<std::string> servers;
  std::chrono::milliseconds timeout{2'000};  ///< of the first try with each server; later ones wait longer
  int tries = 3;                             ///< with each server
};

struct Address {
  net::IpAddr ip;
  std::chrono::seconds ttl;
};
/// In the order in which they are to be tried (RFC 6724).
struct Answer {
  std::vector<Address> addresses;  ///< at least one
  std::chrono::seconds ttl{0};     ///< the least of theirs; 0 for /etc/hosts, the most there is for a numeric address
};

struct Service {
  std::string target;
  std::uint16_t port = 0;
  std::uint16_t priority = 0;
  std::uint16_t weight = 0;
  std::chrono::seconds ttl{0};
};

/// Asks through the worker's reactor, from UDP to TCP where an answer is truncated; c-ares does the protocol. Caches
/// nothing: the TTLs are for whoever does. Belongs to one worker, which outlives it; it outlives what waits for it.
/// Errors: kAddressNotAvailable with kNameNotFound (no such name, or nothing of that kind); kTimeout with kDnsTimeout;
/// kUnreachable with kDnsFailed (a server that refuses, fails or talks nonsense); kCancelled.
class Resolver {
 public:
  /// Throws ResolverError where a server is no address.
  explicit Resolver(runtime::Worker& worker, const ResolverOptions& options = {});
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver();

  /// A numeric address is its own answer, at once; then /etc/hosts; then A and AAAA, together for kAny. `cancelled` may
  /// be nullptr, and outlives the task.
  runtime::Task<Result<Answer>> resolve(std::string name, Family family = Family::kAny,
                                        runtime::Cancellation* cancelled = nullptr);
  /// SRV, e.g. "_http._tcp.example.com", in the order of priority, then as they came. An empty target means that there
  /// is no such service: it is left out.
  runtime::Task<Result<std::vector<Service>>> resolve_service(std::string name,
                                                              runtime::Cancellation* cancelled = nullptr);

 private:
  class Channel;
  std::unique_ptr<Channel> channel_;
};

/// What the operator got wrong.
class ResolverError : public Exception {
  using Exception::Exception;
};

}  // namespace flare::dns
