// What certificates say, as text.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "flare/net/ip_addr.h"
#include "flare/tls/openssl.h"

namespace flare::tls {

/// All certificates in `pem`, in their order. Throws CertificateError: there is none, or one of the `whole` ("chain",
/// "bundle") cannot be read.
X509StackPtr parse_certificates(std::string_view pem, const std::string& whole);

/// RFC 2253: "CN=example.com,O=Example".
std::string to_text(const X509_NAME* name);

struct SubjectAltNames {
  std::vector<std::string> names;  ///< DNS names, lower case
  std::vector<net::IpAddr> addresses;
};
SubjectAltNames subject_alt_names(const X509* certificate);

/// SHA-256, hex: of the whole certificate, or of a public key alone.
std::string fingerprint(const X509* certificate);
std::string key_fingerprint(EVP_PKEY* key);

std::chrono::system_clock::time_point to_time(const ASN1_TIME* time);

}  // namespace flare::tls
