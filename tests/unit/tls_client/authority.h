// An authority for the certificates of a test, made while it runs.
#pragma once

#include <string>

#include "flare/tls/openssl.h"

namespace flare::tls::test {

struct Pems {
  std::string chain;
  std::string key;
};

struct Wanted {
  std::string names = "DNS:server.example.com";  ///< subjectAltName in OpenSSL's notation; "": none
  std::string common_name = "leaf";
  std::string purpose = "serverAuth";
  long begins = -3600;  ///< seconds from now
  long ends = 3600;
};

class Authority {
 public:
  explicit Authority(const std::string& name = "authority of the test");
  /// What clients trust.
  [[nodiscard]] const std::string& pem() const noexcept { return pem_; }
  [[nodiscard]] Pems issue(const Wanted& wanted) const;

 private:
  PkeyPtr key_;
  X509Ptr certificate_;
  std::string pem_;
};

}  // namespace flare::tls::test
