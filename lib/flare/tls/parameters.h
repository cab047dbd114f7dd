// What both sides of TLS speak here (recommendations of RFC 9325).
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <string>
#include <vector>

namespace flare::tls {

enum class Version : std::uint8_t { kTls12, kTls13 };

/// ECDHE and AEAD only; AES-128 before AES-256, which costs a third more and protects no better in practice.
extern const char* const kIntermediateCiphers;

/// Versions from `lowest` up to TLS 1.3, their cipher suites and groups; `ciphers` for TLS 1.2, in OpenSSL's notation,
/// "": kIntermediateCiphers. Throws flare::Exception that says what OpenSSL does not take.
void set_parameters(SSL_CTX* ctx, Version lowest, const std::string& ciphers);

/// As ALPN writes them (RFC 7301 §3.1). Throws flare::Exception for a name that is not 1 to 255 bytes long.
std::string alpn_list(const std::vector<std::string>& protocols);

/// Throws flare::Exception with OpenSSL's words where `what` was not taken.
void require(bool taken, const char* what);

}  // namespace flare::tls
