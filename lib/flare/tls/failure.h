// From OpenSSL's error queue to a reason that can be logged and counted.
#pragma once

#include <string>

#include "flare/base/reason.h"

namespace flare::tls {

class Session;

struct Failure {
  Reason reason = Reason::kTlsMalformed;
  std::string text;  ///< OpenSSL's words, e.g. "wrong version number"
};

/// Empties the calling thread's error queue. `error` is what SSL_get_error said of the session's last call.
Failure take_failure(const Session& session, int error);

}  // namespace flare::tls
