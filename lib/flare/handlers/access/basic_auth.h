// Basic authentication (RFC 7617, RFC 9110 §11).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "flare/handlers/access/password_file.h"
#include "flare/http/handler.h"

namespace flare::handlers {

struct BasicAuthOptions {
  std::string realm = "restricted";         ///< what clients are shown; no control characters
  std::string users_file;                   ///< a PasswordFile; one that changes comes into use by itself
  std::chrono::milliseconds cache{60'000};  ///< so long a password that was right is not verified again; 0: never kept
  unsigned most_pending = 16;               ///< verifications at a time, of all workers; one more is answered 503
  /// Told, on any thread, when the file has changed into one that cannot be used: the former stays in use.
  std::function<void(const std::string&)> report = {};
};

/// Middleware: `handler` sees requests with a user's name and password, and Request::user() says whose. Everybody else
/// is answered 401 with a challenge, before any content is read. Passwords are verified on the worker's OffloadPool,
/// which it must have; what was right is remembered per worker, by a keyed hash. Who is removed from the file is out
/// when `cache` has passed at the latest.
class BasicAuth {
 public:
  /// Blocks; throws PasswordFileError.
  BasicAuth(BasicAuthOptions options, http::Handler handler);

  http::Reply operator()(http::Request& request) const;

 private:
  struct Shared;
  class Remembered;
  static runtime::Task<http::Response> verify(std::shared_ptr<Shared> shared, http::Request& request,
                                              std::string credentials);

  std::shared_ptr<Shared> shared_;
};

}  // namespace flare::handlers
