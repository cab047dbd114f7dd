// Rate limits (L-4): so many requests of each client, API key, session, route or host.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flare/http/handler.h"
#include "flare/runtime/token_buckets.h"

namespace flare::handlers {

/// What requests are counted by.
struct RateKey {
  enum class Kind : std::uint8_t {
    kClientIp,  ///< Request::client(): an IPv4 address, mapped ones included, or the /64 of an IPv6 address
    kHeader,    ///< the value of the field `name`
    kCookie,    ///< the value of the cookie `name`
    kRoute,     ///< the matched route (Request::route())
    kHost,      ///< the host name that was asked for, normalized
  };
  Kind kind = Kind::kClientIp;
  std::string name;

  /// "client_ip", "header:NAME", "cookie:NAME", "route" or "host".
  static std::optional<RateKey> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
};

/// One rate. Requests without the field or cookie of its key, or with an empty or a repeated one, count for their
/// client's address: leaving it out evades nothing. Any thread may use it at any time.
class RateLimiter {
 public:
  struct Options {
    RateKey key;
    runtime::TokenBuckets::Options buckets;
    http::Status reply = http::Status::kTooManyRequests;  ///< or kServiceUnavailable
  };

  /// Throws runtime::RateLimitError.
  explicit RateLimiter(Options options);

  /// Zero where the request may pass, else how long until one like it may. The time is Request::arrival().
  [[nodiscard]] std::chrono::milliseconds take(const http::Request& request);
  /// Undoes a take() of this request that succeeded.
  void give_back(const http::Request& request);
  /// The answer to a request that has to wait: Retry-After (RFC 9110 §10.2.3) in seconds, rounded up, at least 1, and
  /// the fields that clients know, of draft-ietf-httpapi-ratelimit-headers-06: RateLimit-Limit (the burst),
  /// RateLimit-Remaining (0) and RateLimit-Reset (as Retry-After). The connection stays open.
  [[nodiscard]] http::Response refusal(std::chrono::milliseconds wait) const;

 private:
  [[nodiscard]] Hash128 hash_of(const http::Request& request) const;

  Options options_;
  runtime::TokenBuckets buckets_;
  SipKey value_key_;    ///< of its own, so that no value can pose as an address
  SipKey address_key_;  ///< both are random: no client can choose whose bucket it shares
};

/// Middleware: `handler` sees a request, before its content is read, when every limiter lets it pass. One that is
/// refused takes no token. Limiters may be shared by many routes, and by all workers.
class RateLimit {
 public:
  RateLimit(std::vector<std::shared_ptr<RateLimiter>> limiters, http::Handler handler);

  http::Reply operator()(http::Request& request) const;

 private:
  std::vector<std::shared_ptr<RateLimiter>> limiters_;
  http::Handler handler_;
};

}  // namespace flare::handlers
