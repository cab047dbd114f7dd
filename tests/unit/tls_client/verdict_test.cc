#include <gtest/gtest.h>
#include <openssl/x509_vfy.h>

#include "flare/tls/failure.h"
#include "flare/tls/tls_error.h"

namespace flare::tls {
namespace {

TEST(Verdict, HasAReason) {
  struct Case {
    long verdict;
    Reason reason;
  };
  for (const auto& [verdict, reason] : {
           Case{X509_V_ERR_CERT_HAS_EXPIRED, Reason::kCertificateExpired},
           Case{X509_V_ERR_CERT_NOT_YET_VALID, Reason::kCertificateExpired},
           Case{X509_V_ERR_HOSTNAME_MISMATCH, Reason::kCertificateHostname},
           Case{X509_V_ERR_IP_ADDRESS_MISMATCH, Reason::kCertificateHostname},
           Case{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, Reason::kCertificateUntrusted},
           Case{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, Reason::kCertificateUntrusted},
           Case{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, Reason::kCertificateUntrusted},
           Case{X509_V_ERR_CERT_REVOKED, Reason::kCertificateUntrusted},
           Case{X509_V_ERR_INVALID_PURPOSE, Reason::kCertificateUntrusted},
           Case{X509_V_ERR_EE_KEY_TOO_SMALL, Reason::kCertificateUntrusted},
       }) {
    EXPECT_EQ(reason_of_verdict(verdict), reason) << X509_verify_cert_error_string(verdict);
  }
}

TEST(ThrowTlsError, ThrowsByReason) {
  const auto with = [](Reason reason) { return Error::of(ErrorKind::kProtocol, reason); };
  EXPECT_THROW(throw_tls_error("x", with(Reason::kCertificateExpired)), CertificateExpired);
  EXPECT_THROW(throw_tls_error("x", with(Reason::kCertificateHostname)), CertificateHostnameMismatch);
  EXPECT_THROW(throw_tls_error("x", with(Reason::kCertificateUntrusted)), CertificateUntrusted);
  EXPECT_THROW(throw_tls_error("x", with(Reason::kTlsPeerAlert)), TlsHandshakeError);
  EXPECT_THROW(throw_tls_error("x", Error::of(ErrorKind::kTimeout, Reason::kTlsTimeout)), ConnectionTimeout);
  EXPECT_THROW(throw_tls_error("x", Error::of(ErrorKind::kConnectionReset)), ConnectionReset);
}

}  // namespace
}  // namespace flare::tls
