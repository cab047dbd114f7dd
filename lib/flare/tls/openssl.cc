#include "flare/tls/openssl.h"

#include <openssl/err.h>

#include <array>

namespace flare::tls {

std::string openssl_error() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    const char* const reason = ERR_reason_error_string(code);
    std::array<char, 32> number{};
    ERR_error_string_n(code, number.data(), number.size());
    if (!text.empty()) text.append("; ");
    text.append(reason != nullptr ? reason : number.data());
  }
  return text.empty() ? "no reason given" : text;
}

}  // namespace flare::tls
