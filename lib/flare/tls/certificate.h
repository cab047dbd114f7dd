// A server's or client's proof of who it is: certificates and the private key that goes with them (RFC 5280, RFC 9525).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "flare/base/exception.h"
#include "flare/net/ip_addr.h"
#include "flare/tls/openssl.h"

namespace flare::tls {

/// what(): which file or text, what is wrong with it, what to do.
class CertificateError : public Exception {
 public:
  using Exception::Exception;
};

enum class KeyType : std::uint8_t { kEcdsa, kRsa, kEd25519, kOther };
std::string_view to_string(KeyType type) noexcept;

/// A chain, its own certificate first, and that one's private key. Immutable; any thread.
class Certificate {
 public:
  using Time = std::chrono::system_clock::time_point;

  /// Throws CertificateError: no certificate, no key, a passphrase that is missing or wrong, a key that belongs to
  /// another certificate (both fingerprints are named).
  static std::shared_ptr<const Certificate> parse(std::string_view chain_pem, std::string_view key_pem,
                                                  const std::string& passphrase = {});
  struct Files {
    std::string chain;
    std::string key;
    std::string passphrase;     ///< "" for a key that is not encrypted
    bool any_key_mode = false;  ///< take a key that group or others may read, too
  };
  /// parse() of files. The memory that held the key is wiped.
  static std::shared_ptr<const Certificate> load(const Files& files);

  /// The names it is for, from subjectAltName alone (RFC 9525 §6.3): lower case, "*.example.com" for a wildcard.
  [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }
  [[nodiscard]] const std::vector<net::IpAddr>& addresses() const noexcept { return addresses_; }
  [[nodiscard]] const std::string& subject() const noexcept { return subject_; }
  [[nodiscard]] const std::string& issuer() const noexcept { return issuer_; }
  [[nodiscard]] Time not_before() const noexcept { return not_before_; }
  [[nodiscard]] Time not_after() const noexcept { return not_after_; }
  /// SHA-256 of the certificate, hex.
  [[nodiscard]] const std::string& fingerprint() const noexcept { return fingerprint_; }
  [[nodiscard]] KeyType key_type() const noexcept { return key_type_; }
  [[nodiscard]] int key_bits() const noexcept { return key_bits_; }
  /// Why it should not be used at `now`: expired or not yet valid, too short a key, a signature by SHA-1 or MD5. One
  /// line each; empty: nothing.
  [[nodiscard]] std::vector<std::string> problems(Time now) const;

  [[nodiscard]] X509* leaf() const noexcept { return leaf_.get(); }
  [[nodiscard]] EVP_PKEY* key() const noexcept { return key_.get(); }
  /// The rest of the chain, in its order.
  [[nodiscard]] STACK_OF(X509) * intermediates() const noexcept { return intermediates_.get(); }

 private:
  Certificate(X509Ptr leaf, X509StackPtr intermediates, PkeyPtr key);

  X509Ptr leaf_;
  X509StackPtr intermediates_;
  PkeyPtr key_;
  std::vector<std::string> names_;
  std::vector<net::IpAddr> addresses_;
  std::string subject_, issuer_, fingerprint_;
  Time not_before_, not_after_;
  KeyType key_type_ = KeyType::kOther;
  int key_bits_ = 0;
};

/// Whether the SAN `pattern` covers `name`, both in lower case: equal, or "*." in front of the same rest, for exactly
/// one label (RFC 9525 §6.3).
bool covers(std::string_view pattern, std::string_view name) noexcept;

}  // namespace flare::tls
