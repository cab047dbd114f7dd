// The certificate of the other side of a session.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "flare/tls/openssl.h"

namespace flare::tls {

/// What it says, and whether that is to be believed.
struct PeerCertificate {
  bool verified = false;
  std::string why;      ///< why it is not, in OpenSSL's words
  std::string subject;  ///< RFC 2253, e.g. "CN=client,O=Example"
  std::string issuer;
  std::vector<std::string> names;  ///< subjectAltName: DNS names
  std::string fingerprint;         ///< SHA-256 of the certificate, hex
};

std::optional<PeerCertificate> peer_certificate(SSL* ssl);

}  // namespace flare::tls
