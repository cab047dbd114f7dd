#include "flare/tls/x509.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <new>
#include <span>

#include "flare/base/ascii.h"
#include "flare/tls/certificate.h"

namespace flare::tls {
namespace {

struct FreeGeneralNames {
  void operator()(GENERAL_NAMES* names) const noexcept { GENERAL_NAMES_free(names); }
};

std::string hex(std::span<const unsigned char> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

std::string_view view(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string lower(std::string_view text) {
  std::string made(text);
  std::ranges::transform(made, made.begin(), ascii::to_lower);
  return made;
}

net::IpAddr to_address(std::string_view bytes) {
  if (bytes.size() == 4) {
    std::array<std::uint8_t, 4> four{};
    std::memcpy(four.data(), bytes.data(), four.size());
    return net::IpAddr::v4(four);
  }
  std::array<std::uint8_t, 16> sixteen{};
  std::memcpy(sixteen.data(), bytes.data(), sixteen.size());
  return net::IpAddr::v6(sixteen);
}

}  // namespace

X509StackPtr parse_certificates(std::string_view pem, const std::string& whole) {
  const BioPtr bio(BIO_new_mem_buf(pem.empty() ? "" : pem.data(), static_cast<int>(pem.size())));
  X509StackPtr found(sk_X509_new_null());
  if (!bio || !found) throw std::bad_alloc();
  while (X509* const next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) sk_X509_push(found.get(), next);
  const unsigned long end = ERR_peek_last_error();
  if (ERR_GET_LIB(end) != ERR_LIB_PEM || ERR_GET_REASON(end) != PEM_R_NO_START_LINE)
    throw CertificateError("a certificate of the " + whole + " cannot be read: " + openssl_error());
  ERR_clear_error();
  if (sk_X509_num(found.get()) == 0)
    throw CertificateError("it holds no certificate (PEM, \"-----BEGIN CERTIFICATE-----\")");
  return found;
}

std::string to_text(const X509_NAME* name) {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(memory.get(), name, 0, XN_FLAG_RFC2253);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

SubjectAltNames subject_alt_names(const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, FreeGeneralNames> all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  ERR_clear_error();  // a malformed one names nobody, and leaves no trace
  SubjectAltNames found;
  for (int i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(all.get(), i);
    if (name->type == GEN_DNS) found.names.push_back(lower(view(name->d.dNSName)));
    if (name->type != GEN_IPADD) continue;
    const std::string_view bytes = view(name->d.iPAddress);
    if (bytes.size() == 4 || bytes.size() == 16) found.addresses.push_back(to_address(bytes));
  }
  return found;
}

std::string fingerprint(const X509* certificate) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  if (X509_digest(certificate, EVP_sha256(), digest.data(), nullptr) != 1) return {};
  return hex(digest);
}

std::string key_fingerprint(EVP_PKEY* key) {
  unsigned char* bytes = nullptr;
  const int size = i2d_PUBKEY(key, &bytes);
  if (size <= 0) return {};
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(bytes, static_cast<std::size_t>(size), digest.data());
  OPENSSL_free(bytes);
  return hex(digest);
}

std::chrono::system_clock::time_point to_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

}  // namespace flare::tls
