// What the blocking client throws. Coroutines get the same as values: Error::reason says which.
#pragma once

#include <string>

#include "flare/base/exception.h"

namespace flare::tls {

/// No TLS with this server: no common version or cipher, a protocol violation, an alert, or a certificate not believed.
class TlsHandshakeError : public NetworkError {
  using NetworkError::NetworkError;
};
/// Or not valid yet; the server's own, or that of an authority of its chain.
class CertificateExpired : public TlsHandshakeError {
  using TlsHandshakeError::TlsHandshakeError;
};
/// The certificate is for other names or addresses than the one asked for.
class CertificateHostnameMismatch : public TlsHandshakeError {
  using TlsHandshakeError::TlsHandshakeError;
};
/// Self-signed, by an unknown authority, revoked, or for another purpose.
class CertificateUntrusted : public TlsHandshakeError {
  using TlsHandshakeError::TlsHandshakeError;
};

/// Throws what belongs to error.reason where TLS failed (kProtocol), else what flare::throw_error does.
[[noreturn]] void throw_tls_error(const std::string& context, Error error);

}  // namespace flare::tls
