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

/// What a client makes of X509_V_ERR_..., its verdict on the server's certificate: kCertificateExpired (or not valid
/// yet, also of an issuer), kCertificateHostname, or kCertificateUntrusted for everything else.
Reason reason_of_verdict(long verdict) noexcept;

/// Empties the calling thread's error queue. `error` is what SSL_get_error said of the session's last call.
Failure take_failure(const Session& session, int error);

}  // namespace flare::tls
