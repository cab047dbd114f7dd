#include "flare/tls/ciphers.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <new>
#include <string_view>

#include "flare/tls/openssl.h"

namespace flare::tls {
namespace {

bool take(SSL_CTX* ctx, const std::string& list) {
  const bool taken =
      SSL_CTX_set_cipher_list(ctx, list.c_str()) == 1 && sk_SSL_CIPHER_num(SSL_CTX_get_ciphers(ctx)) != 0;
  ERR_clear_error();
  return taken;
}

/// OpenSSL skips what it does not know: a slip of the pen would go unnoticed.
std::vector<std::string> unknown_words(SSL_CTX* ctx, std::string_view list) {
  std::vector<std::string> unknown;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find_first_of(":, ;"), list.size());
    std::string_view word = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    if (word.starts_with("@SECLEVEL")) unknown.emplace_back(word);
    word.remove_prefix(std::min(word.find_first_not_of("!-+"), word.size()));
    if (word.empty() || word.front() == '@') continue;
    if (!take(ctx, std::string(word))) unknown.emplace_back(word);
  }
  return unknown;
}

}  // namespace

CipherFaults cipher_faults(const std::string& list) {
  const SslCtxPtr ctx(SSL_CTX_new(TLS_server_method()));
  if (!ctx) throw std::bad_alloc();
  SSL_CTX_set_max_proto_version(ctx.get(), TLS1_2_VERSION);
  SSL_CTX_set_ciphersuites(ctx.get(), "");
  CipherFaults faults{.unknown = unknown_words(ctx.get(), list), .weak = {}, .none = !take(ctx.get(), list)};
  if (faults.none) return faults;
  STACK_OF(SSL_CIPHER)* const ciphers = SSL_CTX_get_ciphers(ctx.get());
  for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
    const SSL_CIPHER* const cipher = sk_SSL_CIPHER_value(ciphers, i);
    if (SSL_CIPHER_get_kx_nid(cipher) != NID_kx_ecdhe || SSL_CIPHER_is_aead(cipher) != 1)
      faults.weak.emplace_back(SSL_CIPHER_get_name(cipher));
  }
  return faults;
}

}  // namespace flare::tls
