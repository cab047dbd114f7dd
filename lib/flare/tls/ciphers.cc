#include "flare/tls/ciphers.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <new>

#include "flare/tls/openssl.h"

namespace flare::tls {

std::expected<std::vector<std::string>, NoCipher> weak_ciphers(const std::string& list) {
  const SslCtxPtr ctx(SSL_CTX_new(TLS_server_method()));
  if (!ctx) throw std::bad_alloc();
  SSL_CTX_set_max_proto_version(ctx.get(), TLS1_2_VERSION);
  SSL_CTX_set_ciphersuites(ctx.get(), "");
  if (SSL_CTX_set_cipher_list(ctx.get(), list.c_str()) != 1) {
    ERR_clear_error();
    return std::unexpected(NoCipher());
  }
  std::vector<std::string> weak;
  STACK_OF(SSL_CIPHER)* const ciphers = SSL_CTX_get_ciphers(ctx.get());
  for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
    const SSL_CIPHER* const cipher = sk_SSL_CIPHER_value(ciphers, i);
    if (SSL_CIPHER_get_kx_nid(cipher) != NID_kx_ecdhe || SSL_CIPHER_is_aead(cipher) != 1)
      weak.emplace_back(SSL_CIPHER_get_name(cipher));
  }
  if (sk_SSL_CIPHER_num(ciphers) == 0) return std::unexpected(NoCipher());
  return weak;
}

}  // namespace flare::tls
