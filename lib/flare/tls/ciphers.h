// Cipher lists in OpenSSL's notation (openssl-ciphers(1)).
#pragma once

#include <string>
#include <vector>

namespace flare::tls {

/// What is wrong with a list for TLS 1.2; all empty and false: nothing.
struct CipherFaults {
  std::vector<std::string> unknown;  ///< its words that stand for nothing, or set a security level of their own
  std::vector<std::string> weak;     ///< ciphers without ECDHE or without AEAD, which RFC 9325 §4.2 advises against
  bool none = false;                 ///< it stands for no cipher at all
};

CipherFaults cipher_faults(const std::string& list);

}  // namespace flare::tls
