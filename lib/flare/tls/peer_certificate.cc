#include "flare/tls/peer_certificate.h"

#include <openssl/x509_vfy.h>

#include "flare/tls/x509.h"

namespace flare::tls {

std::optional<PeerCertificate> peer_certificate(SSL* ssl) {
  const X509* const certificate = SSL_get0_peer_certificate(ssl);
  if (certificate == nullptr) return std::nullopt;
  const long verdict = SSL_get_verify_result(ssl);
  return PeerCertificate{.verified = verdict == X509_V_OK,
                         .why = verdict == X509_V_OK ? "" : X509_verify_cert_error_string(verdict),
                         .subject = to_text(X509_get_subject_name(certificate)),
                         .issuer = to_text(X509_get_issuer_name(certificate)),
                         .names = subject_alt_names(certificate).names,
                         .fingerprint = fingerprint(certificate)};
}

}  // namespace flare::tls
