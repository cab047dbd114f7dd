// Certificates made while a test runs: nothing expires, nothing is checked in.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "flare/tls/certificate.h"

namespace flare::test {

enum class KeyKind : std::uint8_t { kRsa1024, kRsa2048, kP224, kP256, kP384, kEd25519 };

/// A key of that kind, made once for each `number`: RSA is slow to make.
const tls::PkeyPtr& key_of(KeyKind kind, int number = 0);
/// PKCS #8; encrypted where there is a passphrase.
std::string key_pem(EVP_PKEY* key, const std::string& passphrase = {});

struct Issuer;

struct CertificateRequest {
  std::string subject = "test";    ///< its common name
  std::vector<std::string> names;  ///< as OpenSSL writes them: "DNS:www.example.com", "IP:192.0.2.1"
  KeyKind kind = KeyKind::kP256;
  int key_number = 0;
  std::chrono::seconds begins{-3600};  ///< from now
  std::chrono::seconds ends{86400};
  const EVP_MD* digest = EVP_sha256();
  bool is_authority = false;
  const Issuer* issuer = nullptr;  ///< null: it signs itself
};

/// An authority of the test.
struct Issuer {
  tls::X509Ptr certificate;
  EVP_PKEY* key = nullptr;
  std::string pem;  ///< its own certificate, then those above it but for the root
};

Issuer make_issuer(CertificateRequest request);
/// An intermediate's chain is its own certificate and what is between it and the root.
Issuer make_intermediate(CertificateRequest request, const Issuer& root);

struct Pems {
  std::string chain;
  std::string key;
};
/// With the issuer's chain behind it, unless that is a root.
Pems make_pems(const CertificateRequest& request);
std::shared_ptr<const tls::Certificate> make_certificate(const CertificateRequest& request);
/// make_certificate() for DNS names.
std::shared_ptr<const tls::Certificate> certificate_for(const std::vector<std::string>& names,
                                                        KeyKind kind = KeyKind::kP256, int key_number = 0);

}  // namespace flare::test
