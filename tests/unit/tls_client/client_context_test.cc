#include "flare/tls/client_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "flare/tls/certificate.h"
#include "tests/support/temp_folder.h"

namespace flare::tls {
namespace {

using ::testing::HasSubstr;

std::string complaint(const TlsConfig& config) {
  try {
    ClientContext::make(config);
  } catch (const Exception& error) {
    return error.what();
  }
  return "";
}

TEST(ClientContext, SaysWhichFileIsNoGood) {
  const flare::test::TempFolder folder;
  folder.write("empty.pem", "");
  const std::string empty = folder / "empty.pem";
  EXPECT_THAT(complaint({.ca_bundle = "/nowhere/ca.pem"}), HasSubstr("/nowhere/ca.pem: holds no authorities"));
  EXPECT_THAT(complaint({.ca_bundle = empty}), HasSubstr(empty));
  EXPECT_THAT(complaint({.ca_pem = "nothing"}), HasSubstr("no certificate"));
  EXPECT_THAT(complaint({.cert_file = empty}), HasSubstr("only one is there"));
  EXPECT_THAT(complaint({.key_file = empty}), HasSubstr("only one is there"));
  EXPECT_THAT(complaint({.cert_file = empty, .key_file = empty}), HasSubstr(empty));
  EXPECT_THAT(complaint({.protocols = {""}}), HasSubstr("1 to 255 bytes"));
  EXPECT_THAT(complaint({.protocols = {std::string(256, 'x')}}), HasSubstr("1 to 255 bytes"));
}

TEST(ClientContext, TakesTheSystemsAuthoritiesUnlessToldOtherwise) {
  EXPECT_EQ(complaint({}), "");
  EXPECT_EQ(TlsConfig().verify, TlsVerify::kRequired);
  EXPECT_EQ(TlsConfig::insecure().verify, TlsVerify::kNone);
}

TEST(ClientContext, AsksForANameButNeverForAnAddress) {
  const auto context = ClientContext::make();
  const auto sni = [&](std::string_view host) {
    const auto session = context->connect(host, 443);
    const char* const name = SSL_get_servername((*session)->ssl(), TLSEXT_NAMETYPE_host_name);
    EXPECT_EQ((*session)->server_name(), name == nullptr ? "" : name);
    return std::string(name == nullptr ? "" : name);
  };
  EXPECT_EQ(sni("www.example.com"), "www.example.com");
  EXPECT_EQ(sni("WWW.Example.COM."), "www.example.com");
  EXPECT_EQ(sni("192.0.2.1"), "");
  EXPECT_EQ(sni("2001:db8::1"), "");
}

TEST(ClientContext, RefusesWhatNoCertificateIsFor) {
  const auto context = ClientContext::make();
  for (const std::string_view host :
       {std::string_view(""), std::string_view("a b"), std::string_view("a\0b.example", 11),
        std::string_view("*.example.com"), std::string_view("[::1]"), std::string_view(".example.com"),
        std::string_view("a..b")}) {
    const auto session = context->connect(host, 443);
    ASSERT_FALSE(session) << host;
    EXPECT_EQ(session.error().kind, ErrorKind::kProtocol);
    EXPECT_EQ(session.error().reason, Reason::kCertificateHostname);
  }
  EXPECT_TRUE(ClientContext::make(TlsConfig::insecure())->connect("", 443));
}

TEST(ClientContext, ServerNameGoesBeforeTheHost) {
  const auto context = ClientContext::make({.server_name = "other.example.com"});
  EXPECT_EQ((*context->connect("192.0.2.1", 443))->server_name(), "other.example.com");
}

TEST(ClientContext, OffersNothingWeak) {
  const auto context = ClientContext::make();
  const auto session = context->connect("www.example.com", 443);
  STACK_OF(SSL_CIPHER)* const ciphers = SSL_get_ciphers((*session)->ssl());
  ASSERT_GT(sk_SSL_CIPHER_num(ciphers), 0);
  for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
    const SSL_CIPHER* const cipher = sk_SSL_CIPHER_value(ciphers, i);
    EXPECT_EQ(SSL_CIPHER_is_aead(cipher), 1) << SSL_CIPHER_get_name(cipher);
    const int exchange = SSL_CIPHER_get_kx_nid(cipher);
    EXPECT_TRUE(exchange == NID_kx_ecdhe || exchange == NID_kx_any) << SSL_CIPHER_get_name(cipher);
  }
  EXPECT_EQ(SSL_get_min_proto_version((*session)->ssl()), TLS1_2_VERSION);
}

}  // namespace
}  // namespace flare::tls
