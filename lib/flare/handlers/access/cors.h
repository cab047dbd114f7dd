// Which pages of other origins may read what is answered (the CORS protocol of the Fetch standard, §3.3).
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flare/http/handler.h"

namespace flare::handlers {

struct CorsOptions {
  /// "https://app.example.com", "https://*.example.com" for everything below, or "*".
  std::vector<std::string> origins;
  std::vector<std::string> methods;                  ///< empty: whatever is asked for
  std::vector<std::string> headers;                  ///< request fields; empty: whatever is asked for
  std::vector<std::string> expose;                   ///< response fields
  bool credentials = false;                          ///< cookies and passwords too; not with "*"
  std::optional<std::chrono::seconds> max_age = {};  ///< how long an answer to a preflight holds
};

/// What is wrong with an origin of CorsOptions; nullptr: nothing.
const char* check_cors_origin(std::string_view origin) noexcept;

/// A preflight: OPTIONS with an Origin and Access-Control-Request-Method.
bool is_preflight(const http::Request& request) noexcept;

/// Middleware: answers preflights itself with 204, and puts its fields in place of those that `handler` answers with,
/// refusals included. Origins that are not listed get no such field, which is what keeps their pages out: it stops no
/// request.
class Cors {
 public:
  /// Precondition: every origin passes check_cors_origin(); not `credentials` with "*".
  Cors(CorsOptions options, http::Handler handler);

  http::Reply operator()(http::Request& request) const;

 private:
  struct Shared;
  std::shared_ptr<const Shared> shared_;
};

}  // namespace flare::handlers
