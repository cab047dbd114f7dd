// Cipher lists in OpenSSL's notation (openssl-ciphers(1)).
#pragma once

#include <expected>
#include <string>
#include <vector>

namespace flare::tls {

struct NoCipher {};

/// Of the ciphers that `list` stands for in TLS 1.2, those without ECDHE or without AEAD, which RFC 9325 §4.2 advises
/// against. NoCipher: it stands for none.
std::expected<std::vector<std::string>, NoCipher> weak_ciphers(const std::string& list);

}  // namespace flare::tls
