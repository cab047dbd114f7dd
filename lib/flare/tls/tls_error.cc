#include "flare/tls/tls_error.h"

namespace flare::tls {

void throw_tls_error(const std::string& context, Error error) {
  if (error.kind != ErrorKind::kProtocol) flare::throw_error(context, error);
  if (error.reason == Reason::kCertificateExpired) throw CertificateExpired(context, error);
  if (error.reason == Reason::kCertificateHostname) throw CertificateHostnameMismatch(context, error);
  if (error.reason == Reason::kCertificateUntrusted) throw CertificateUntrusted(context, error);
  throw TlsHandshakeError(context, error);
}

}  // namespace flare::tls
