#include "tests/support/certificates.h"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <map>
#include <stdexcept>
#include <utility>

namespace flare::test {
namespace {

void require(bool done) {
  if (!done) throw std::runtime_error("no certificate for the test: " + tls::openssl_error());
}

tls::PkeyPtr make_key(KeyKind kind) {
  switch (kind) {
    case KeyKind::kRsa1024: return tls::PkeyPtr(EVP_RSA_gen(1024));
    case KeyKind::kRsa2048: return tls::PkeyPtr(EVP_RSA_gen(2048));
    case KeyKind::kP224: return tls::PkeyPtr(EVP_EC_gen("P-224"));
    case KeyKind::kP256: return tls::PkeyPtr(EVP_EC_gen("P-256"));
    case KeyKind::kP384: return tls::PkeyPtr(EVP_EC_gen("P-384"));
    case KeyKind::kEd25519: break;
  }
  return tls::PkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
}

void extend(X509* certificate, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
  const bool added = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  require(added);
}

tls::X509Ptr issue(const CertificateRequest& request) {
  EVP_PKEY* const key = key_of(request.kind, request.key_number).get();
  tls::X509Ptr made(X509_new());
  std::array<unsigned char, 8> serial{};
  require(made && RAND_bytes(serial.data(), serial.size()) == 1);
  serial[0] = 1;  // positive, no leading zero
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_STRING_set(X509_get_serialNumber(made.get()), serial.data(), serial.size());
  X509_gmtime_adj(X509_getm_notBefore(made.get()), request.begins.count());
  X509_gmtime_adj(X509_getm_notAfter(made.get()), request.ends.count());
  require(X509_set_pubkey(made.get(), key) == 1);
  X509_NAME* const subject = X509_get_subject_name(made.get());
  require(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(request.subject.data()),
                                     static_cast<int>(request.subject.size()), -1, 0) == 1);
  const bool signs_itself = request.issuer == nullptr;
  X509_set_issuer_name(made.get(), signs_itself ? subject : X509_get_subject_name(request.issuer->certificate.get()));
  extend(made.get(), NID_basic_constraints, request.is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  std::string names;
  for (const std::string& name : request.names) names.append(names.empty() ? "" : ",").append(name);
  if (!names.empty()) extend(made.get(), NID_subject_alt_name, names);
  EVP_PKEY* const signer = signs_itself ? key : request.issuer->key;
  const EVP_MD* const digest = EVP_PKEY_get_base_id(signer) == EVP_PKEY_ED25519 ? nullptr : request.digest;
  require(X509_sign(made.get(), signer, digest) != 0);
  return made;
}

std::string text_of(const tls::BioPtr& memory) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
  const tls::BioPtr memory(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_X509(memory.get(), certificate) == 1);
  return text_of(memory);
}

}  // namespace

const tls::PkeyPtr& key_of(KeyKind kind, int number) {
  static std::map<std::pair<KeyKind, int>, tls::PkeyPtr> keys;
  tls::PkeyPtr& key = keys[{kind, number}];
  if (!key) key = make_key(kind);
  require(key != nullptr);
  return key;
}

std::string key_pem(EVP_PKEY* key, const std::string& passphrase) {
  const tls::BioPtr memory(BIO_new(BIO_s_mem()));
  const EVP_CIPHER* const cipher = passphrase.empty() ? nullptr : EVP_aes_128_cbc();
  require(PEM_write_bio_PKCS8PrivateKey(memory.get(), key, cipher, passphrase.data(),
                                        static_cast<int>(passphrase.size()), nullptr, nullptr) == 1);
  return text_of(memory);
}

Issuer make_issuer(CertificateRequest request) {
  request.is_authority = true;
  Issuer issuer{.certificate = issue(request), .key = key_of(request.kind, request.key_number).get(), .pem = {}};
  issuer.pem = pem_of(issuer.certificate.get());
  return issuer;
}

Issuer make_intermediate(CertificateRequest request, const Issuer& root) {
  request.issuer = &root;
  return make_issuer(std::move(request));
}

Pems make_pems(const CertificateRequest& request) {
  std::string chain = pem_of(issue(request).get());
  const bool below_a_root = request.issuer != nullptr && X509_self_signed(request.issuer->certificate.get(), 0) == 1;
  if (request.issuer != nullptr && !below_a_root) chain += request.issuer->pem;
  return {.chain = std::move(chain), .key = key_pem(key_of(request.kind, request.key_number).get())};
}

std::shared_ptr<const tls::Certificate> make_certificate(const CertificateRequest& request) {
  const Pems pems = make_pems(request);
  return tls::Certificate::parse(pems.chain, pems.key);
}

std::shared_ptr<const tls::Certificate> certificate_for(const std::vector<std::string>& names, KeyKind kind,
                                                        int key_number) {
  CertificateRequest request{
      .subject = names.empty() ? "nobody" : names.front(), .names = {}, .kind = kind, .key_number = key_number};
  for (const std::string& name : names) request.names.push_back("DNS:" + name);
  return make_certificate(request);
}

}  // namespace flare::test
