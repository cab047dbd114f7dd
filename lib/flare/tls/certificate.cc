#include "flare/tls/certificate.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "flare/base/defer.h"
#include "flare/net/unique_fd.h"
#include "flare/tls/x509.h"

namespace flare::tls {
namespace {

constexpr std::size_t kLargestFile = 1024 * 1024;
constexpr int kLeastRsaBits = 2048;
constexpr int kLeastEcBits = 256;

[[noreturn]] void refuse(const std::string& what) {
  ERR_clear_error();
  throw CertificateError(what);
}

BioPtr reader(std::string_view text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

/// What OpenSSL asks when a key is encrypted.
int give_passphrase(char* into, int size, int /*writing*/, void* passphrase) {
  const auto& text = *static_cast<const std::string*>(passphrase);
  if (text.empty() || text.size() > static_cast<std::size_t>(size)) return -1;
  std::memcpy(into, text.data(), text.size());
  return static_cast<int>(text.size());
}

PkeyPtr parse_key(std::string_view pem, const std::string& passphrase) {
  const BioPtr bio = reader(pem);
  PkeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &give_passphrase, const_cast<std::string*>(&passphrase)));
  if (key) return key;
  if (!pem.contains("-----BEGIN") || !pem.contains("PRIVATE KEY-----"))
    refuse("it holds no private key (PEM, \"-----BEGIN PRIVATE KEY-----\")");
  const bool encrypted = pem.contains("ENCRYPTED");
  if (encrypted && passphrase.empty()) refuse("the private key is encrypted: give its passphrase");
  if (encrypted) refuse("the passphrase does not open the private key");
  refuse("the private key cannot be read: " + openssl_error());
}

/// Read without stdio, whose buffers nobody would wipe.
std::string read_file(const std::string& path, bool is_private) {
  const net::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) refuse(path + ": cannot be read: " + std::strerror(errno));
  struct stat found{};
  if (::fstat(file.get(), &found) != 0 || !S_ISREG(found.st_mode)) refuse(path + ": is no file");
  if (is_private && (found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    std::array<char, 8> mode{};
    std::snprintf(mode.data(), mode.size(), "%04o", static_cast<unsigned>(found.st_mode & 07777));
    refuse(path + ": the private key is open to others than its owner (" + mode.data() +
           "): chmod 600, or key_mode = \"any\"");
  }
  if (static_cast<std::size_t>(found.st_size) > kLargestFile) refuse(path + ": is too large for a certificate or key");
  std::string text(static_cast<std::size_t>(found.st_size), '\0');
  const ssize_t count = ::pread(file.get(), text.data(), text.size(), 0);
  if (count < 0) refuse(path + ": cannot be read: " + std::strerror(errno));
  text.resize(static_cast<std::size_t>(count));
  return text;
}

KeyType type_of(const EVP_PKEY* key) noexcept {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_EC: return KeyType::kEcdsa;
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS: return KeyType::kRsa;
    case EVP_PKEY_ED25519: return KeyType::kEd25519;
    default: return KeyType::kOther;
  }
}

std::string day(Certificate::Time time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
  return text.data();
}

/// A root's own signature proves nothing, so how it was made does not matter.
bool has_weak_signature(X509* certificate) {
  if (X509_self_signed(certificate, 0) == 1) return false;
  int digest = NID_undef;
  if (X509_get_signature_info(certificate, &digest, nullptr, nullptr, nullptr) != 1) return false;
  return digest == NID_sha1 || digest == NID_md5 || digest == NID_md5_sha1;
}

}  // namespace

std::string_view to_string(KeyType type) noexcept {
  switch (type) {
    case KeyType::kEcdsa: return "ECDSA";
    case KeyType::kRsa: return "RSA";
    case KeyType::kEd25519: return "Ed25519";
    case KeyType::kOther: break;
  }
  return "other";
}

Certificate::Certificate(X509Ptr leaf, X509StackPtr intermediates, PkeyPtr key)
    : leaf_(std::move(leaf)),
      intermediates_(std::move(intermediates)),
      key_(std::move(key)),
      subject_(to_text(X509_get_subject_name(leaf_.get()))),
      issuer_(to_text(X509_get_issuer_name(leaf_.get()))),
      fingerprint_(tls::fingerprint(leaf_.get())),
      not_before_(to_time(X509_get0_notBefore(leaf_.get()))),
      not_after_(to_time(X509_get0_notAfter(leaf_.get()))),
      key_type_(type_of(key_.get())),
      key_bits_(EVP_PKEY_get_bits(key_.get())) {
  SubjectAltNames said = subject_alt_names(leaf_.get());
  names_ = std::move(said.names);
  addresses_ = std::move(said.addresses);
}

std::shared_ptr<const Certificate> Certificate::parse(std::string_view chain_pem, std::string_view key_pem,
                                                      const std::string& passphrase) {
  X509StackPtr rest = parse_certificates(chain_pem, "chain");
  X509Ptr leaf(sk_X509_shift(rest.get()));
  PkeyPtr key = parse_key(key_pem, passphrase);
  if (X509_check_private_key(leaf.get(), key.get()) != 1) {
    EVP_PKEY* const certified = X509_get0_pubkey(leaf.get());
    refuse("the private key belongs to another certificate: the certificate of " +
           to_text(X509_get_subject_name(leaf.get())) + " is for the public key " +
           (certified == nullptr ? "(unreadable)" : key_fingerprint(certified)) + ", the private key's is " +
           key_fingerprint(key.get()));
  }
  return std::shared_ptr<const Certificate>(new Certificate(std::move(leaf), std::move(rest), std::move(key)));
}

std::shared_ptr<const Certificate> Certificate::load(const Files& files) {
  std::string key = read_file(files.key, !files.any_key_mode);
  const Defer wipe([&key] { OPENSSL_cleanse(key.data(), key.size()); });
  const std::string chain = read_file(files.chain, false);
  try {
    return parse(chain, key, files.passphrase);
  } catch (const CertificateError& error) {
    throw CertificateError(files.chain + " with " + files.key + ": " + error.what());
  }
}

std::vector<std::string> Certificate::problems(Time now) const {
  std::vector<std::string> found;
  if (now >= not_after_) found.push_back("expired on " + day(not_after_));
  if (now < not_before_) found.push_back("not valid before " + day(not_before_));
  if (key_type_ == KeyType::kRsa && key_bits_ < kLeastRsaBits)
    found.push_back("an RSA key of " + std::to_string(key_bits_) + " bits is too short: 2048 at least");
  if (key_type_ == KeyType::kEcdsa && key_bits_ < kLeastEcBits)
    found.push_back("an EC key of " + std::to_string(key_bits_) + " bits is too short: 256 at least");
  bool weak = has_weak_signature(leaf_.get());
  for (int i = 0; i < sk_X509_num(intermediates_.get()); ++i)
    weak = weak || has_weak_signature(sk_X509_value(intermediates_.get(), i));
  if (weak) found.emplace_back("signed with SHA-1 or MD5, which no client takes any more");
  return found;
}

bool covers(std::string_view pattern, std::string_view name) noexcept {
  if (pattern == name) return true;
  if (!pattern.starts_with("*.")) return false;
  const std::size_t dot = name.find('.');
  return dot != 0 && dot != std::string_view::npos && name.substr(dot) == pattern.substr(1);
}

}  // namespace flare::tls
