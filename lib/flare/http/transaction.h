// One request and its answer, finished: what an access log or a metric is told.
#pragma once

#include <chrono>
#include <cstdint>

#include "flare/base/reason.h"
#include "flare/http/request.h"
#include "flare/http/status.h"

namespace flare::http {

/// Also made for requests that were refused before they were understood: then the request holds what was parsed so far.
struct Transaction {
  const Request& request;
  Status status;
  Reason why = Reason::kNone;
  std::uint64_t bytes_out = 0;            ///< head and body, as given to the kernel
  std::uint64_t bytes_in = 0;             ///< the request's head and content
  std::chrono::microseconds duration{0};  ///< head complete to answer handed over
};

/// Called on the worker, once per request, after its last byte was handed over. Views in the transaction end with the
/// call.
class Recorder {
 public:
  virtual ~Recorder() = default;
  virtual void record(const Transaction& transaction) noexcept = 0;
  /// False, and it stays so: record() need not be called, and its clock readings not be paid.
  [[nodiscard]] virtual bool wants_transactions() const noexcept { return true; }
  /// A connection was not served: for want of something (kConnections, kPerIp, kResourceExhausted), which its client
  /// was told if possible, closed without a byte for its PROXY header (P-22), or its TLS handshake failed (T-5), of
  /// which `detail` says more. Called often under attack.
  virtual void refused(const net::SocketAddr& /*peer*/, Reason /*why*/, std::string_view /*detail*/) noexcept {}
  /// A handler let an exception out (the client got 500), or the like: for the error log.
  virtual void failure(const Request& request, std::string_view what) noexcept = 0;
};

}  // namespace flare::http
