#include "flare/tls/self_signed.h"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "flare/base/ascii.h"
#include "flare/net/ip_addr.h"
#include "flare/tls/certificate.h"
#include "flare/tls/openssl.h"

namespace flare::tls {
namespace {

constexpr long kHour = 3600;
constexpr long kDay = 24 * kHour;
constexpr std::size_t kLongestName = 253;
constexpr std::size_t kLongestCommonName = 64;  // RFC 5280 appendix A, ub-common-name

void require(bool done) {
  if (!done) throw CertificateError("a certificate cannot be made: " + openssl_error());
}

struct FreeExtension {
  void operator()(X509_EXTENSION* extension) const noexcept { X509_EXTENSION_free(extension); }
};

void extend(X509* certificate, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, FreeExtension> extension(
      X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str()));
  require(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

std::string alternative(const std::string& name) {
  if (const auto address = net::IpAddr::try_parse(name)) return "IP:" + address->to_string();
  const auto fits = [](char c) { return ascii::is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '*'; };
  const bool wildcard_in_front =
      name.rfind('*') == std::string::npos || (name.starts_with("*.") && name.rfind('*') == 0);
  const bool empty_label = name.empty() || name.starts_with('.') || name.ends_with('.') || name.contains("..");
  if (empty_label || name.size() > kLongestName || !std::ranges::all_of(name, fits) || !wildcard_in_front)
    throw CertificateError("\"" + name +
                           "\" is no name for a certificate: write a host name such as www.example.com, " +
                           "*.example.com, or an IP address");
  return "DNS:" + name;
}

std::string to_pem(const BioPtr& memory) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

}  // namespace

SelfSigned make_self_signed(const std::vector<std::string>& names, std::chrono::days validity) {
  if (names.empty()) throw CertificateError("a certificate needs a name");
  std::string alternatives;
  for (const std::string& name : names) alternatives.append(alternatives.empty() ? "" : ",").append(alternative(name));

  const PkeyPtr key(EVP_EC_gen("P-256"));
  const X509Ptr certificate(X509_new());
  require(key && certificate);
  std::array<unsigned char, 16> serial{};
  require(RAND_bytes(serial.data(), serial.size()) == 1);
  serial[0] =
      static_cast<unsigned char>((serial[0] & 0x7F) | 0x40);  // positive, without leading zeros (RFC 5280 §4.1.2.2)
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_STRING_set(X509_get_serialNumber(certificate.get()), serial.data(), serial.size());
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kHour);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), validity.count() * kDay);
  require(X509_set_pubkey(certificate.get(), key.get()) == 1);
  X509_NAME* const subject = X509_get_subject_name(certificate.get());
  const std::string common = names.front().substr(0, kLongestCommonName);
  require(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common.data()),
                                     static_cast<int>(common.size()), -1, 0) == 1);
  X509_set_issuer_name(certificate.get(), subject);
  extend(certificate.get(), NID_subject_alt_name, alternatives);
  extend(certificate.get(), NID_basic_constraints, "critical,CA:FALSE");
  extend(certificate.get(), NID_key_usage, "critical,digitalSignature");
  extend(certificate.get(), NID_ext_key_usage, "serverAuth");
  extend(certificate.get(), NID_subject_key_identifier, "hash");
  require(X509_sign(certificate.get(), key.get(), EVP_sha256()) != 0);

  const BioPtr chain(BIO_new(BIO_s_mem()));
  const BioPtr secret(BIO_new(BIO_s_secmem()));
  require(PEM_write_bio_X509(chain.get(), certificate.get()) == 1);
  require(PEM_write_bio_PKCS8PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return {.chain_pem = to_pem(chain), .key_pem = to_pem(secret)};
}

}  // namespace flare::tls
