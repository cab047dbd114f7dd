#include "flare/tls/failure.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "flare/tls/session.h"

namespace flare::tls {
namespace {

/// A server says why it does not trust its client, a client why not its server.
Failure verification_failure(SSL* ssl) {
  const long verdict = SSL_get_verify_result(ssl);
  return {.reason = SSL_is_server(ssl) == 1 ? Reason::kClientCertificate : reason_of_verdict(verdict),
          .text = X509_verify_cert_error_string(verdict)};
}

bool is_verification(unsigned long code) noexcept {
  return ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED;
}

Reason reason_of(int code) noexcept {
  if (code >= SSL_AD_REASON_OFFSET) return Reason::kTlsPeerAlert;
  switch (code) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_VERSION_TOO_HIGH:
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
    case SSL_R_NO_SUITABLE_GROUPS:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_INAPPROPRIATE_FALLBACK: return Reason::kTlsNothingShared;
    case SSL_R_NO_APPLICATION_PROTOCOL: return Reason::kTlsNoProtocol;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return Reason::kClientCertificate;
    default: return Reason::kTlsMalformed;
  }
}

}  // namespace

Reason reason_of_verdict(long verdict) noexcept {
  switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID: return Reason::kCertificateExpired;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return Reason::kCertificateHostname;
    default: return Reason::kCertificateUntrusted;
  }
}

Failure take_failure(const Session& session, int error) {
  const unsigned long first = ERR_peek_error();  // the root; what follows says only who passed it on
  if (is_verification(first) || is_verification(ERR_peek_last_error())) {  // a signature that is wrong comes before
    ERR_clear_error();
    return verification_failure(session.ssl());
  }
  Failure failure;
  if (first == 0) {
    failure.text = error == SSL_ERROR_SYSCALL ? "out of memory" : "the handshake cannot go on";
  } else {
    const char* const text = ERR_reason_error_string(first);
    failure.text = text == nullptr ? "error " + std::to_string(first) : text;
    if (ERR_GET_LIB(first) == ERR_LIB_SSL) failure.reason = reason_of(ERR_GET_REASON(first));
  }
  ERR_clear_error();
  return failure;
}

}  // namespace flare::tls
