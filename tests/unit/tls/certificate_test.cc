#include "flare/tls/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include "flare/tls/x509.h"
#include "tests/support/certificates.h"
#include "tests/support/temp_folder.h"

namespace flare::tls {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using std::chrono::system_clock;
using test::CertificateRequest;
using test::KeyKind;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

/// What parse() complains about; "" when it does not. No complaint leaves a trace for whoever calls OpenSSL next.
std::string complaint(std::string_view chain, std::string_view key, const std::string& passphrase = {}) {
  std::string what;
  try {
    Certificate::parse(chain, key, passphrase);
  } catch (const CertificateError& error) {
    what = error.what();
  }
  EXPECT_EQ(ERR_peek_error(), 0U) << what;
  return what;
}

test::Pems good() { return test::make_pems({.subject = "www.example.com", .names = {"DNS:www.example.com"}}); }

// ---- parse

TEST(Certificate, SaysWhatIsInIt) {
  const auto made = test::make_certificate(
      {.subject = "Example, Ltd",
       .names = {"DNS:WWW.Example.com", "IP:192.0.2.1", "DNS:*.example.net", "IP:2001:db8::1", "email:a@example.com"},
       .begins = hours(-5),
       .ends = hours(7)});
  EXPECT_EQ(made->subject(), "CN=Example\\, Ltd");
  EXPECT_EQ(made->issuer(), "CN=Example\\, Ltd");
  EXPECT_THAT(made->names(), ElementsAre("www.example.com", "*.example.net"));
  EXPECT_THAT(made->addresses(), ElementsAre(net::IpAddr::parse("192.0.2.1"), net::IpAddr::parse("2001:db8::1")));
  EXPECT_EQ(made->not_after() - made->not_before(), hours(12));
  EXPECT_EQ(made->fingerprint().size(), 64U);
  EXPECT_EQ(made->fingerprint(), fingerprint(made->leaf()));
  EXPECT_EQ(sk_X509_num(made->intermediates()), 0);
}

// RFC 9525 §6.3: the common name is no name to be found by.
TEST(Certificate, WithoutSubjectAltNameIsForNobody) {
  const auto made = test::make_certificate({.subject = "www.example.com"});
  EXPECT_THAT(made->names(), IsEmpty());
  EXPECT_THAT(made->addresses(), IsEmpty());
}

TEST(Certificate, KnowsTheKindOfItsKey) {
  struct Case {
    KeyKind kind;
    KeyType type;
    int bits;
    const char* text;
  };
  for (const auto& [kind, type, bits, text] :
       {Case{KeyKind::kRsa2048, KeyType::kRsa, 2048, "RSA"}, Case{KeyKind::kP256, KeyType::kEcdsa, 256, "ECDSA"},
        Case{KeyKind::kP384, KeyType::kEcdsa, 384, "ECDSA"},
        Case{KeyKind::kEd25519, KeyType::kEd25519, 256, "Ed25519"}}) {
    const auto made = test::make_certificate({.kind = kind});
    EXPECT_EQ(made->key_type(), type);
    EXPECT_EQ(made->key_bits(), bits);
    EXPECT_EQ(to_string(made->key_type()), text);
    EXPECT_THAT(made->problems(system_clock::now()), IsEmpty());
  }
}

TEST(Certificate, KeepsTheChainInItsOrder) {
  const test::Issuer root = test::make_issuer({.subject = "root", .key_number = 1});
  const test::Issuer middle = test::make_intermediate({.subject = "middle", .key_number = 2}, root);
  const auto made = test::make_certificate({.subject = "leaf", .issuer = &middle});
  EXPECT_EQ(made->subject(), "CN=leaf");
  EXPECT_EQ(made->issuer(), "CN=middle");
  ASSERT_EQ(sk_X509_num(made->intermediates()), 1);
  EXPECT_EQ(to_text(X509_get_subject_name(sk_X509_value(made->intermediates(), 0))), "CN=middle");
}

TEST(Certificate, IgnoresWhatElseIsInItsFiles) {
  const test::Pems pems = good();
  EXPECT_EQ(complaint("words\n" + pems.key + "more words\n" + pems.chain + "\nend", pems.chain + pems.key), "");
}

// What `openssl ecparam -genkey` writes: the curve comes first, in a block of its own.
TEST(Certificate, TakesAKeyInTheOldForm) {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  EVP_PKEY* const key = test::key_of(KeyKind::kP256).get();
  ASSERT_EQ(PEM_write_bio_PrivateKey_traditional(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr), 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &bytes);
  const std::string old(bytes, static_cast<std::size_t>(size));
  ASSERT_THAT(old, StartsWith("-----BEGIN EC PRIVATE KEY-----"));
  EXPECT_EQ(
      complaint(good().chain, "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + old),
      "");
}

TEST(Certificate, NeedsACertificate) {
  const test::Pems pems = good();
  for (const std::string& chain : {std::string(), std::string("no PEM"), pems.key})
    EXPECT_EQ(complaint(chain, pems.key), "it holds no certificate (PEM, \"-----BEGIN CERTIFICATE-----\")") << chain;
  EXPECT_THAT(complaint({}, {}), HasSubstr("no certificate"));
  EXPECT_EQ(complaint(pems.chain.substr(0, 200), pems.key), "a certificate of the chain cannot be read: bad end line");
}

TEST(Certificate, NeedsAKey) {
  const test::Pems pems = good();
  for (const std::string& key : {std::string(), std::string("no PEM"), pems.chain})
    EXPECT_EQ(complaint(pems.chain, key), "it holds no private key (PEM, \"-----BEGIN PRIVATE KEY-----\")") << key;
  EXPECT_THAT(complaint(pems.chain, {}), HasSubstr("no private key"));
  std::string damaged = pems.key;
  damaged.replace(damaged.find('\n') + 1, 8, "AAAAAAAA");
  EXPECT_THAT(complaint(pems.chain, damaged), StartsWith("the private key cannot be read: "));
}

TEST(Certificate, NeedsAnIntactChain) {
  const test::Pems pems = good();
  std::string damaged = pems.chain;
  damaged.replace(damaged.find('\n') + 1, 8, "AAAAAAAA");
  EXPECT_THAT(complaint(pems.chain + damaged, pems.key), StartsWith("a certificate of the chain cannot be read: "));
  EXPECT_THAT(complaint(pems.chain + pems.chain.substr(0, 200), pems.key),
              StartsWith("a certificate of the chain cannot be read: "));
}

TEST(Certificate, NamesBothKeysThatDoNotBelongTogether) {
  const test::Pems pems = good();
  EVP_PKEY* const other = test::key_of(KeyKind::kP256, 1).get();
  EXPECT_THAT(complaint(pems.chain, test::key_pem(other)),
              AllOf(StartsWith("the private key belongs to another certificate: the certificate of CN=www.example.com"),
                    HasSubstr("is for the public key " + key_fingerprint(test::key_of(KeyKind::kP256).get())),
                    HasSubstr("the private key's is " + key_fingerprint(other))));
  EVP_PKEY* const another_kind = test::key_of(KeyKind::kEd25519).get();
  EXPECT_THAT(complaint(pems.chain, test::key_pem(another_kind)), HasSubstr(key_fingerprint(another_kind)));
}

TEST(Certificate, OpensAnEncryptedKey) {
  const test::Pems pems = good();
  const std::string locked = test::key_pem(test::key_of(KeyKind::kP256).get(), "open sesame");
  EXPECT_EQ(complaint(pems.chain, locked, "open sesame"), "");
  EXPECT_EQ(complaint(pems.chain, locked), "the private key is encrypted: give its passphrase");
  EXPECT_EQ(complaint(pems.chain, locked, "open says me"), "the passphrase does not open the private key");
  EXPECT_EQ(complaint(pems.chain, locked, std::string(5000, 'x')), "the passphrase does not open the private key");
  EXPECT_EQ(complaint(pems.chain, pems.key, "not needed"), "");
}

// ---- problems

std::vector<std::string> problems(const CertificateRequest& request,
                                  system_clock::time_point now = system_clock::now()) {
  return test::make_certificate(request)->problems(now);
}

TEST(CertificateProblems, AreItsTimes) {
  EXPECT_THAT(problems({.begins = hours(-2), .ends = hours(-1)}), ElementsAre(StartsWith("expired on 20")));
  EXPECT_THAT(problems({.begins = hours(1), .ends = hours(2)}), ElementsAre(StartsWith("not valid before 20")));
  const auto made = test::make_certificate({});
  EXPECT_THAT(made->problems(made->not_before()), IsEmpty());
  EXPECT_THAT(made->problems(made->not_before() - seconds(1)), ElementsAre(HasSubstr("not valid before")));
  EXPECT_THAT(made->problems(made->not_after() - seconds(1)), IsEmpty());
  EXPECT_THAT(made->problems(made->not_after()), ElementsAre(HasSubstr("expired on")));
}

TEST(CertificateProblems, AreShortKeys) {
  EXPECT_THAT(problems({.kind = KeyKind::kRsa1024}),
              ElementsAre("an RSA key of 1024 bits is too short: 2048 at least"));
  EXPECT_THAT(problems({.kind = KeyKind::kP224}), ElementsAre("an EC key of 224 bits is too short: 256 at least"));
}

TEST(CertificateProblems, AreSignaturesByOldDigests) {
  const std::string weak = "signed with SHA-1 or MD5, which no client takes any more";
  const test::Issuer root = test::make_issuer({.subject = "root", .kind = KeyKind::kRsa2048});
  EXPECT_THAT(problems({.digest = EVP_sha1(), .issuer = &root}), ElementsAre(weak));
  EXPECT_THAT(problems({.digest = EVP_md5(), .issuer = &root}), ElementsAre(weak));
  EXPECT_THAT(problems({.digest = EVP_sha384(), .issuer = &root}), IsEmpty());
  const test::Issuer middle =
      test::make_intermediate({.subject = "middle", .key_number = 2, .digest = EVP_sha1()}, root);
  EXPECT_THAT(problems({.issuer = &middle}), ElementsAre(weak));
  EXPECT_THAT(problems({.digest = EVP_sha1()}), IsEmpty()) << "its own signature proves nothing";
}

TEST(CertificateProblems, AreAllNamed) {
  EXPECT_EQ(problems({.kind = KeyKind::kRsa1024, .begins = hours(-2), .ends = hours(-1)}).size(), 2U);
}

// ---- load

struct Folder {
  test::TempFolder folder;
  Certificate::Files files;

  explicit Folder(const test::Pems& pems) {
    folder.write("chain.pem", pems.chain);
    folder.write("key.pem", pems.key);
    files = {.chain = (folder / "chain.pem").string(), .key = (folder / "key.pem").string(), .passphrase = {}};
    set_mode(0600);
  }
  void set_mode(mode_t mode) const { ASSERT_EQ(::chmod(files.key.c_str(), mode), 0); }
  [[nodiscard]] std::string complaint() const {
    try {
      Certificate::load(files);
      return {};
    } catch (const CertificateError& error) {
      return error.what();
    }
  }
};

TEST(CertificateFiles, AreLoaded) {
  const Folder folder(good());
  EXPECT_THAT(Certificate::load(folder.files)->names(), ElementsAre("www.example.com"));
}

TEST(CertificateFiles, ThatOthersCanReadAreRefused) {
  Folder folder(good());
  for (const mode_t mode : {0640U, 0604U, 0660U, 0610U, 0602U}) {
    folder.set_mode(mode);
    EXPECT_THAT(folder.complaint(), AllOf(StartsWith(folder.files.key + ": the private key is open to others"),
                                          HasSubstr("chmod 600, or key_mode = \"any\"")));
  }
  folder.set_mode(0400);
  EXPECT_EQ(folder.complaint(), "");
  folder.set_mode(0644);
  folder.files.any_key_mode = true;
  EXPECT_EQ(folder.complaint(), "");
}

TEST(CertificateFiles, AreNamedInComplaints) {
  Folder folder(good());
  folder.folder.write("chain.pem", "");
  EXPECT_EQ(folder.complaint(), folder.files.chain + " with " + folder.files.key +
                                    ": it holds no certificate (PEM, \"-----BEGIN CERTIFICATE-----\")");
  folder.files.chain = folder.folder.path();
  EXPECT_EQ(folder.complaint(), folder.files.chain + ": is no file");
  folder.files.chain = folder.folder.path() + "/none";
  EXPECT_EQ(folder.complaint(), folder.files.chain + ": cannot be read: No such file or directory");
  folder.folder.write("large", std::string(1024 * 1024 + 1, ' '));
  folder.files.chain = folder.folder.path() + "/large";
  EXPECT_EQ(folder.complaint(), folder.files.chain + ": is too large for a certificate or key");
}

// ---- covers

TEST(Covers, AnEqualNameOrOneLabelForTheStar) {  // RFC 9525 §6.3
  struct Case {
    const char* pattern;
    const char* name;
    bool covered;
  };
  for (const auto& [pattern, name, covered] : {
           Case{"www.example.com", "www.example.com", true},
           Case{"www.example.com", "example.com", false},
           Case{"*.example.com", "www.example.com", true},
           Case{"*.example.com", "*.example.com", true},
           Case{"*.example.com", "a.b.example.com", false},
           Case{"*.example.com", "example.com", false},
           Case{"*.example.com", ".example.com", false},
           Case{"*.example.com", "www.example.comx", false},
           Case{"*.example.com", "wwwexample.com", false},
           Case{"*.example.com", "", false},
           Case{"*", "localhost", false},
           Case{"*.", "localhost.", true},
           Case{"w*.example.com", "www.example.com", false},
           Case{"", "", true},
       })
    EXPECT_EQ(covers(pattern, name), covered) << pattern << ' ' << name;
}

}  // namespace
}  // namespace flare::tls
