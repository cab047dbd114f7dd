#include "tests/unit/tls_client/authority.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace flare::tls::test {
namespace {

void require(bool done) {
  if (!done) throw std::runtime_error("no certificate for the test: " + openssl_error());
}

void extend(X509* certificate, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
  require(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

X509Ptr begin(EVP_PKEY* key, const Wanted& wanted) {
  static long serial = 0;
  X509Ptr made(X509_new());
  require(key != nullptr && made != nullptr);
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), wanted.begins);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), wanted.ends);
  X509_set_pubkey(made.get(), key);
  require(X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                                     reinterpret_cast<const unsigned char*>(wanted.common_name.c_str()), -1, -1,
                                     0) == 1);
  return made;
}

std::string text_of(const BioPtr& memory) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

std::string to_pem(X509* certificate) {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_X509(memory.get(), certificate) == 1);
  return text_of(memory);
}

std::string to_pem(EVP_PKEY* key) {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_PKCS8PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return text_of(memory);
}

}  // namespace

Authority::Authority(const std::string& name) : key_(EVP_EC_gen("P-256")) {
  certificate_ = begin(key_.get(), {.common_name = name});
  X509_set_issuer_name(certificate_.get(), X509_get_subject_name(certificate_.get()));
  extend(certificate_.get(), certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
  extend(certificate_.get(), certificate_.get(), NID_key_usage, "critical,keyCertSign");
  require(X509_sign(certificate_.get(), key_.get(), EVP_sha256()) != 0);
  pem_ = to_pem(certificate_.get());
}

Pems Authority::issue(const Wanted& wanted) const {
  const PkeyPtr key(EVP_EC_gen("P-256"));
  const X509Ptr leaf = begin(key.get(), wanted);
  X509_set_issuer_name(leaf.get(), X509_get_subject_name(certificate_.get()));
  if (!wanted.names.empty()) extend(leaf.get(), certificate_.get(), NID_subject_alt_name, wanted.names);
  extend(leaf.get(), certificate_.get(), NID_basic_constraints, "critical,CA:FALSE");
  extend(leaf.get(), certificate_.get(), NID_ext_key_usage, wanted.purpose);
  require(X509_sign(leaf.get(), key_.get(), EVP_sha256()) != 0);
  return {.chain = to_pem(leaf.get()), .key = to_pem(key.get())};
}

}  // namespace flare::tls::test
