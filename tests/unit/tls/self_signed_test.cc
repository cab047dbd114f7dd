#include "flare/tls/self_signed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include "flare/tls/certificate.h"

namespace flare::tls {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::system_clock;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(SelfSigned, IsForItsNamesAndAddresses) {
  const SelfSigned made = make_self_signed({"www.example.com", "*.example.net", "192.0.2.7", "2001:db8::7"}, days(3));
  const auto certificate = Certificate::parse(made.chain_pem, made.key_pem);
  EXPECT_THAT(certificate->names(), ElementsAre("www.example.com", "*.example.net"));
  EXPECT_THAT(certificate->addresses(),
              ElementsAre(net::IpAddr::parse("192.0.2.7"), net::IpAddr::parse("2001:db8::7")));
  EXPECT_EQ(certificate->subject(), "CN=www.example.com");
  EXPECT_EQ(certificate->issuer(), certificate->subject());
  EXPECT_EQ(certificate->key_type(), KeyType::kEcdsa);
  EXPECT_EQ(certificate->key_bits(), 256);
  EXPECT_THAT(certificate->problems(system_clock::now()), IsEmpty());
}

TEST(SelfSigned, IsValidFromAnHourAgoForItsDays) {
  const auto before = system_clock::now();
  const SelfSigned made = make_self_signed({"localhost"}, days(90));
  const auto certificate = Certificate::parse(made.chain_pem, made.key_pem);
  EXPECT_NEAR(static_cast<double>((before - certificate->not_before()).count()),
              static_cast<double>(system_clock::duration(hours(1)).count()),
              static_cast<double>(system_clock::duration(std::chrono::minutes(5)).count()));
  EXPECT_GE(certificate->not_after(), before + days(90) - std::chrono::seconds(1));
  EXPECT_LE(certificate->not_after(), system_clock::now() + days(90));
}

TEST(SelfSigned, IsFitForServersAndNoAuthority) {
  const SelfSigned made = make_self_signed({"localhost"}, days(1));
  const auto held = Certificate::parse(made.chain_pem, made.key_pem);
  EXPECT_EQ(X509_check_ca(held->leaf()), 0);
  EXPECT_NE(X509_get_extended_key_usage(held->leaf()) & XKU_SSL_SERVER, 0U);
  EXPECT_EQ(X509_check_host(held->leaf(), "localhost", 0, 0, nullptr), 1);
}

TEST(SelfSigned, HasANewKeyAndSerialNumberEachTime) {
  const SelfSigned one = make_self_signed({"localhost"}, days(1));
  const SelfSigned other = make_self_signed({"localhost"}, days(1));
  EXPECT_NE(one.key_pem, other.key_pem);
  EXPECT_THROW(Certificate::parse(one.chain_pem, other.key_pem), CertificateError);
}

TEST(SelfSigned, TakesALongNameWhoseCommonNameIsCut) {
  const std::string name = std::string(60, 'a') + "." + std::string(60, 'b') + ".example.com";
  const SelfSigned made = make_self_signed({name}, days(1));
  EXPECT_THAT(Certificate::parse(made.chain_pem, made.key_pem)->names(), ElementsAre(name));
}

TEST(SelfSigned, RefusesWhatIsNoName) {
  for (const char* name : {"", "example.com,DNS:evil.example.net", "exa mple.com", "www.*.com", "*", "a*.example.com",
                           "*.*.example.com", "http://example.com", "example.com:443", "192.0.2.1/24"}) {
    try {
      make_self_signed({name}, days(1));
      ADD_FAILURE() << name;
    } catch (const CertificateError& error) {
      EXPECT_THAT(error.what(), HasSubstr("is no name for a certificate: write a host name")) << name;
    }
  }
  EXPECT_THROW(make_self_signed({}, days(1)), CertificateError);
}

}  // namespace
}  // namespace flare::tls
