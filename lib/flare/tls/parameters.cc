#include "flare/tls/parameters.h"

#include "flare/base/exception.h"
#include "flare/base/quote.h"
#include "flare/tls/openssl.h"

namespace flare::tls {

const char* const kIntermediateCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

namespace {

constexpr const char* kSuites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kGroups = "X25519:P-256:P-384";
constexpr std::size_t kLongestProtocol = 255;

}  // namespace

void require(bool taken, const char* what) {
  if (!taken) throw Exception("TLS: " + std::string(what) + ": " + openssl_error());
}

void set_parameters(SSL_CTX* ctx, Version lowest, const std::string& ciphers) {
  const int version = lowest == Version::kTls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
  require(SSL_CTX_set_min_proto_version(ctx, version) == 1, "the lowest version");
  require(SSL_CTX_set_ciphersuites(ctx, kSuites) == 1, "the TLS 1.3 cipher suites");
  require(SSL_CTX_set_cipher_list(ctx, ciphers.empty() ? kIntermediateCiphers : ciphers.c_str()) == 1,
          "the TLS 1.2 ciphers");
  require(SSL_CTX_set1_groups_list(ctx, kGroups) == 1, "the groups for key exchange");
}

std::string alpn_list(const std::vector<std::string>& protocols) {
  std::string list;
  for (const std::string& protocol : protocols) {
    if (protocol.empty() || protocol.size() > kLongestProtocol)
      throw Exception("TLS: " + quote(protocol) + " is no protocol for ALPN: its name has 1 to 255 bytes");
    list.append(1, static_cast<char>(protocol.size())).append(protocol);
  }
  return list;
}

}  // namespace flare::tls
