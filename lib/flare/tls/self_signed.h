// Certificates for development: nobody vouches for them but themselves.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace flare::tls {

struct SelfSigned {
  std::string chain_pem;
  std::string key_pem;  ///< PKCS #8, not encrypted
};

/// For `names`: DNS names, wildcards and IP addresses, one at least; a new P-256 key; valid from an hour ago on. Throws
/// CertificateError for a name that cannot be in a certificate.
SelfSigned make_self_signed(const std::vector<std::string>& names, std::chrono::days validity);

}  // namespace flare::tls
