// OpenSSL's objects, owned.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace flare::tls {

/// unique_ptr's deleter for whatever `Free` ends.
template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};

struct FreeNames {
  void operator()(STACK_OF(X509_NAME) * names) const noexcept { sk_X509_NAME_pop_free(names, X509_NAME_free); }
};
struct FreeCertificates {
  void operator()(STACK_OF(X509) * certificates) const noexcept { sk_X509_pop_free(certificates, X509_free); }
};

using BioPtr = std::unique_ptr<BIO, Freed<&BIO_free_all>>;
using CipherPtr = std::unique_ptr<EVP_CIPHER, Freed<&EVP_CIPHER_free>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, Freed<&EVP_PKEY_free>>;
using SslPtr = std::unique_ptr<SSL, Freed<&SSL_free>>;
using SslCtxPtr = std::unique_ptr<SSL_CTX, Freed<&SSL_CTX_free>>;
using SslSessionPtr = std::unique_ptr<SSL_SESSION, Freed<&SSL_SESSION_free>>;
using X509Ptr = std::unique_ptr<X509, Freed<&X509_free>>;
using X509StackPtr = std::unique_ptr<STACK_OF(X509), FreeCertificates>;
using X509NamesPtr = std::unique_ptr<STACK_OF(X509_NAME), FreeNames>;
using X509StorePtr = std::unique_ptr<X509_STORE, Freed<&X509_STORE_free>>;

/// What the calling thread's error queue says, in one line; the queue is empty afterwards.
std::string openssl_error();

}  // namespace flare::tls
