#include "flare/tls/server_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "tests/support/secure_pair.h"

namespace flare::tls {
namespace {

using test::certificate_for;
using test::KeyKind;
using test::SecurePair;
using test::TlsClient;
using testing::ElementsAre;
using testing::HasSubstr;

std::shared_ptr<const ServerContext> make(ServerOptions options) {
  if (options.certificates.empty()) options.certificates = {{certificate_for({"www.example.com"})}};
  return ServerContext::make(std::move(options));
}
/// Two hosts with a certificate each, and none that is the default.
ServerOptions two_hosts() {
  ServerOptions options;
  options.certificates = {{certificate_for({"one.example.com"})}, {certificate_for({"two.example.com"})}};
  return options;
}

struct Refusal {
  Reason reason;
  int alert;
};
/// How a handshake fails.
Refusal refusal(const std::shared_ptr<const ServerContext>& context, const TlsClient::Options& options = {}) {
  SecurePair pair(context, options);
  const auto outcome = pair.shake();
  EXPECT_EQ(ERR_peek_error(), 0U);
  if (outcome) {
    ADD_FAILURE() << "the handshake was done";
    return {};
  }
  EXPECT_EQ(outcome.error().kind, ErrorKind::kProtocol);
  pair.answer();
  return {.reason = outcome.error().reason, .alert = pair.client.alert()};
}
/// The certificate that a client gets.
std::string shown(const std::shared_ptr<const ServerContext>& context, const TlsClient::Options& options = {}) {
  SecurePair pair(context, options);
  const auto outcome = pair.shake();
  EXPECT_TRUE(outcome) << pair.session().failure();
  return pair.client.server_subject();
}

// ---- versions and ciphers

TEST(ServerContext, SpeaksBothVersions) {
  for (const auto& [version, text] : {std::pair{TLS1_2_VERSION, "TLSv1.2"}, std::pair{TLS1_3_VERSION, "TLSv1.3"}}) {
    SecurePair pair(make({}), {.version = version});
    ASSERT_TRUE(pair.shake());
    EXPECT_EQ(pair.session().version(), text);
  }
}

TEST(ServerContext, SpeaksNothingOlder) {
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    const auto [reason, alert] = refusal(make({}), {.version = version});
    EXPECT_EQ(reason, Reason::kTlsNothingShared);
    EXPECT_EQ(alert, SSL_AD_PROTOCOL_VERSION);
  }
  EXPECT_EQ(refusal(make({.min_version = Version::kTls13}), {.version = TLS1_2_VERSION}).reason,
            Reason::kTlsNothingShared);
}

std::string cipher_for(const TlsClient::Options& options) {
  SecurePair pair(make({}), options);
  EXPECT_TRUE(pair.shake());
  return std::string(pair.session().cipher());
}

TEST(ServerContext, ChoosesTheCipherUnlessTheClientPrefersChaCha) {  // T-1
  EXPECT_EQ(
      cipher_for({.version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256"}),
      "ECDHE-ECDSA-AES128-GCM-SHA256");
  EXPECT_EQ(
      cipher_for({.version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256"}),
      "ECDHE-ECDSA-CHACHA20-POLY1305");
  EXPECT_EQ(cipher_for({.suites = "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256"}), "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(cipher_for({.suites = "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"}),
            "TLS_CHACHA20_POLY1305_SHA256");
}

TEST(ServerContext, TakesNoCipherWithoutForwardSecrecyOrAuthentication) {
  ServerOptions options;
  options.certificates = {{certificate_for({"www.example.com"}, KeyKind::kRsa2048)}};
  const auto context = make(options);
  for (const char* cipher : {"AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA256", "DHE-RSA-AES128-GCM-SHA256", "AES128-SHA"})
    EXPECT_EQ(refusal(context, {.version = TLS1_2_VERSION, .ciphers = cipher}).reason, Reason::kTlsNothingShared);
}

TEST(ServerContext, RefusesWhatCannotWork) {
  EXPECT_THROW(ServerContext::make({}), Exception);
  EXPECT_THROW(make({.ciphers = "no such cipher"}), Exception);
  EXPECT_THROW(make({.client_auth = {{.authorities = ""}}}), Exception);
  EXPECT_THROW(make({.client_auth = {{.authorities = "no PEM"}}}), Exception);
}

// ---- certificates

TEST(ServerContext, ShowsTheCertificateOfTheName) {  // T-2
  const auto context = make(two_hosts());
  EXPECT_EQ(shown(context, {.name = "one.example.com"}), "CN=one.example.com");
  EXPECT_EQ(shown(context, {.name = "TWO.EXAMPLE.com"}), "CN=two.example.com");
  EXPECT_EQ(shown(context, {.name = "two.example.com", .version = TLS1_2_VERSION}), "CN=two.example.com");
}

TEST(ServerContext, ShowsTheWholeChain) {
  const test::Issuer root = test::make_issuer({.subject = "root", .key_number = 1});
  const test::Issuer middle = test::make_intermediate({.subject = "middle", .key_number = 2}, root);
  ServerOptions options;
  options.certificates = {{test::make_certificate({.names = {"DNS:www.example.com"}, .issuer = &middle})}};
  SecurePair pair(make(options));
  ASSERT_TRUE(pair.shake());
  EXPECT_EQ(sk_X509_num(SSL_get_peer_cert_chain(pair.client.ssl())), 2);
}

TEST(ServerContext, RefusesAnUnknownName) {
  const auto [reason, alert] = refusal(make(two_hosts()), {.name = "three.example.com"});
  EXPECT_EQ(reason, Reason::kUnknownServerName);
  EXPECT_EQ(alert, SSL_AD_UNRECOGNIZED_NAME);
}

TEST(ServerContext, RefusesWhoNamesNobodyWhereThereIsNoDefault) {
  EXPECT_EQ(refusal(make(two_hosts())).reason, Reason::kUnknownServerName);
  EXPECT_EQ(refusal(make(two_hosts()), {.name = "192.0.2.1"}).reason, Reason::kUnknownServerName);
}

TEST(ServerContext, ShowsTheDefaultToWhoNamesNobody) {
  ServerOptions options = two_hosts();
  options.certificates[1].is_default = true;
  EXPECT_EQ(shown(make(options)), "CN=two.example.com");
  EXPECT_EQ(shown(make(options), {.name = "192.0.2.1"}), "CN=two.example.com") << "an address is no name";
  EXPECT_EQ(refusal(make(options), {.name = "three.example.com"}).reason, Reason::kUnknownServerName);
  options.unknown_name = UnknownName::kDefaultCertificate;
  EXPECT_EQ(shown(make(options), {.name = "three.example.com"}), "CN=two.example.com");
}

TEST(ServerContext, ShowsOfAPairWhatTheClientCanCheck) {
  ServerOptions options;
  options.certificates = {
      {test::make_certificate({.subject = "rsa", .names = {"DNS:a.example"}, .kind = KeyKind::kRsa2048})},
      {test::make_certificate({.subject = "ecdsa", .names = {"DNS:a.example"}})}};
  const auto context = make(options);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    EXPECT_EQ(shown(context, {.version = version}), "CN=ecdsa");
    EXPECT_EQ(shown(context, {.version = version, .algorithms = "RSA-PSS+SHA256"}), "CN=rsa");
  }
}

// Costly signatures are made elsewhere; which those are is known once the client has spoken.
TEST(ServerContext, OffloadsCostlySignatures) {
  const auto offloaded = [](std::vector<KeyKind> kinds, const TlsClient::Options& client = {}) {
    ServerOptions options;
    for (const KeyKind kind : kinds) options.certificates.push_back({certificate_for({"www.example.com"}, kind)});
    SecurePair pair(make(options), client);
    EXPECT_TRUE(pair.shake());
    return pair.offloaded;
  };
  EXPECT_EQ(offloaded({KeyKind::kP256}), 0);
  EXPECT_EQ(offloaded({KeyKind::kEd25519}), 0);
  EXPECT_EQ(offloaded({KeyKind::kRsa2048}), 1);
  EXPECT_EQ(offloaded({KeyKind::kRsa2048}, {.version = TLS1_2_VERSION}), 1);
  EXPECT_EQ(offloaded({KeyKind::kP384}), 1);
  EXPECT_EQ(offloaded({KeyKind::kRsa2048, KeyKind::kP256}), 0);
  EXPECT_EQ(offloaded({KeyKind::kRsa2048, KeyKind::kP256}, {.algorithms = "RSA-PSS+SHA256"}), 1);
}

// ---- protocols

TEST(ServerContext, AgreesOnAProtocol) {  // T-3
  const auto agreed = [](std::vector<std::string> ours, std::vector<std::string> theirs) {
    SecurePair pair(make({.protocols = std::move(ours)}), {.protocols = std::move(theirs)});
    EXPECT_TRUE(pair.shake());
    return std::string(pair.session().protocol());
  };
  EXPECT_EQ(agreed({"http/1.1"}, {"h2", "http/1.1"}), "http/1.1");
  EXPECT_EQ(agreed({"h2", "http/1.1"}, {"http/1.1", "h2"}), "h2") << "the server's order counts";
  EXPECT_EQ(agreed({"http/1.1"}, {}), "");
}

TEST(ServerContext, RefusesWhoWantsNoneOfItsProtocols) {  // RFC 7301 §3.2
  const auto [reason, alert] = refusal(make({}), {.protocols = {"h2", "spdy/3"}});
  EXPECT_EQ(reason, Reason::kTlsNoProtocol);
  EXPECT_EQ(alert, SSL_AD_NO_APPLICATION_PROTOCOL);
}

// ---- resumption

test::SessionPtr visit(const std::shared_ptr<const ServerContext>& context, const TlsClient::Options& options) {
  SecurePair pair(context, options);
  EXPECT_TRUE(pair.shake());
  static_cast<void>(pair.stream->readable());
  pair.answer();  // brings the ticket
  EXPECT_FALSE(pair.session().is_resumed());
  return pair.client.session();
}
bool resumes(const std::shared_ptr<const ServerContext>& context, TlsClient::Options options,
             const test::SessionPtr& session) {
  options.session = session.get();
  SecurePair pair(context, options);
  EXPECT_TRUE(pair.shake()) << pair.session().failure();
  EXPECT_EQ(SSL_session_reused(pair.client.ssl()) == 1, pair.session().is_resumed());
  return pair.session().is_resumed();
}
std::shared_ptr<TicketKeys> keys() { return std::make_shared<TicketKeys>(std::chrono::hours(1), 2); }

class Resumption : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Versions, Resumption, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

TEST_P(Resumption, WorksInAnotherContextWithTheSameKeys) {  // T-7: across workers and reloads
  ServerOptions options = two_hosts();
  options.tickets = keys();
  const TlsClient::Options client{.name = "one.example.com", .version = GetParam()};
  const auto session = visit(make(options), client);
  EXPECT_TRUE(resumes(make(options), client, session));
  options.tickets = keys();
  EXPECT_FALSE(resumes(make(options), client, session));
}

TEST_P(Resumption, IsForTheSameNameOnly) {  // CVE-2025-23419
  ServerOptions options;
  options.certificates = {{certificate_for({"one.example.com", "two.example.com"})}};
  options.tickets = keys();
  const auto context = make(options);
  const auto session = visit(context, {.name = "one.example.com", .version = GetParam()});
  EXPECT_FALSE(resumes(context, {.name = "two.example.com", .version = GetParam()}, session));
  EXPECT_FALSE(resumes(context, {.version = GetParam()}, session));
  EXPECT_TRUE(resumes(context, {.name = "one.example.com", .version = GetParam()}, session));
}

TEST_P(Resumption, NeedsTickets) {
  const TlsClient::Options client{.name = "www.example.com", .version = GetParam()};
  const auto context = make({});
  EXPECT_FALSE(resumes(context, client, visit(context, client)));
}

TEST_P(Resumption, IsOverWithTheKey) {
  ServerOptions options;
  const auto now = TicketKeys::Clock::now();
  options.tickets = std::make_shared<TicketKeys>(std::chrono::hours(1), 1, now);
  const TlsClient::Options client{.name = "www.example.com", .version = GetParam()};
  const auto context = make(options);
  const auto session = visit(context, client);
  static_cast<void>(options.tickets->current(now + std::chrono::hours(1)));
  EXPECT_TRUE(resumes(context, client, session)) << "kept";
  static_cast<void>(options.tickets->current(now + std::chrono::hours(2)));
  EXPECT_FALSE(resumes(context, client, session));
}

// ---- client certificates

struct Authority {
  test::Issuer root = test::make_issuer({.subject = "clients", .key_number = 5});
  std::shared_ptr<const Certificate> client = test::make_certificate(
      {.subject = "alice", .names = {"DNS:alice.example.com"}, .key_number = 6, .issuer = &root});

  /// Everybody under secret.example.com has to show one of its certificates.
  [[nodiscard]] ServerOptions options(ClientAuth::Mode mode) const {
    ServerOptions made;
    made.certificates = {{certificate_for({"secret.example.com", "www.example.com"}), true}};
    made.client_auth = {{.mode = mode, .authorities = root.pem}};
    made.policy_of = [](std::string_view name) {
      return name == "secret.example.com" ? std::optional<std::size_t>(0) : std::nullopt;
    };
    return made;
  }
};
constexpr auto kRequire = ClientAuth::Mode::kRequire;
constexpr auto kRequest = ClientAuth::Mode::kRequest;

std::optional<PeerCertificate> peer_of(const std::shared_ptr<const ServerContext>& context,
                                       const TlsClient::Options& options) {
  SecurePair pair(context, options);
  EXPECT_TRUE(pair.shake()) << pair.session().failure();
  auto peer = pair.session().peer_certificate();
  EXPECT_EQ(ERR_peek_error(), 0U);
  return peer;
}

class ClientAuthentication : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Versions, ClientAuthentication, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

TEST_P(ClientAuthentication, LetsInWhoHasAGoodCertificate) {  // T-10
  const Authority authority;
  for (const auto mode : {kRequire, kRequest}) {
    const auto peer = peer_of(make(authority.options(mode)),
                              {.name = "secret.example.com", .version = GetParam(), .certificate = authority.client});
    ASSERT_TRUE(peer);
    EXPECT_TRUE(peer->verified);
    EXPECT_EQ(peer->why, "");
    EXPECT_EQ(peer->subject, "CN=alice");
    EXPECT_EQ(peer->issuer, "CN=clients");
    EXPECT_THAT(peer->names, ElementsAre("alice.example.com"));
    EXPECT_EQ(peer->fingerprint, authority.client->fingerprint());
  }
}

TEST_P(ClientAuthentication, RefusesWhoHasNone) {
  const Authority authority;
  EXPECT_EQ(refusal(make(authority.options(kRequire)), {.name = "secret.example.com", .version = GetParam()}).reason,
            Reason::kClientCertificate);
  EXPECT_EQ(peer_of(make(authority.options(kRequest)), {.name = "secret.example.com", .version = GetParam()}),
            std::nullopt);
}

TEST_P(ClientAuthentication, BelievesNobodyElsesCertificate) {
  const Authority authority;
  const auto stranger = test::make_certificate({.subject = "mallory", .key_number = 7});
  const TlsClient::Options client{.name = "secret.example.com", .version = GetParam(), .certificate = stranger};
  EXPECT_EQ(refusal(make(authority.options(kRequire)), client).reason, Reason::kClientCertificate);
  const auto peer = peer_of(make(authority.options(kRequest)), client);
  ASSERT_TRUE(peer);
  EXPECT_FALSE(peer->verified);
  EXPECT_THAT(peer->why, HasSubstr("self-signed"));
  EXPECT_EQ(peer->subject, "CN=mallory");
}

TEST_P(ClientAuthentication, RefusesAnExpiredCertificate) {
  const Authority authority;
  const auto old = test::make_certificate(
      {.key_number = 6, .begins = std::chrono::hours(-9), .ends = std::chrono::hours(-1), .issuer = &authority.root});
  SecurePair pair(make(authority.options(kRequire)),
                  {.name = "secret.example.com", .version = GetParam(), .certificate = old});
  EXPECT_FALSE(pair.shake());
  EXPECT_EQ(pair.session().failure(), "certificate has expired");
}

TEST_P(ClientAuthentication, IsAskedForUnderTheNamesThatDemandIt) {
  const Authority authority;
  EXPECT_EQ(peer_of(make(authority.options(kRequire)),
                    {.name = "www.example.com", .version = GetParam(), .certificate = authority.client}),
            std::nullopt);
}

// A certificate that says nonsense must not break the sessions of others (OpenSSL's queue of errors is the thread's).
TEST_P(ClientAuthentication, SurvivesMalformedNames) {
  const Authority authority;
  EVP_PKEY* const key = test::key_of(KeyKind::kP256, 8).get();
  const auto pems = test::make_pems({.subject = "odd", .key_number = 8});
  const auto odd = Certificate::parse(pems.chain, pems.key);
  ASN1_OCTET_STRING* const nonsense = ASN1_OCTET_STRING_new();
  ASN1_OCTET_STRING_set(nonsense, reinterpret_cast<const unsigned char*>("\x30\x7Fxx"), 4);
  X509_EXTENSION* const extension = X509_EXTENSION_create_by_NID(nullptr, NID_subject_alt_name, 0, nonsense);
  ASSERT_EQ(X509_add_ext(odd->leaf(), extension, -1), 1);
  X509_EXTENSION_free(extension);
  ASN1_OCTET_STRING_free(nonsense);
  ASSERT_NE(X509_sign(odd->leaf(), key, EVP_sha256()), 0);
  ERR_clear_error();
  const auto peer = peer_of(make(authority.options(kRequest)),
                            {.name = "secret.example.com", .version = GetParam(), .certificate = odd});
  ASSERT_TRUE(peer);
  EXPECT_FALSE(peer->verified);
  EXPECT_TRUE(peer->names.empty());
}

TEST_P(ClientAuthentication, IsNotSkippedByResumption) {
  const Authority authority;
  ServerOptions open = authority.options(kRequest);
  open.tickets = keys();
  ServerOptions strict = authority.options(kRequire);
  strict.tickets = open.tickets;
  const TlsClient::Options client{.name = "secret.example.com", .version = GetParam()};
  const auto session = visit(make(open), client);
  TlsClient::Options again = client;
  again.session = session.get();
  EXPECT_EQ(refusal(make(strict), again).reason, Reason::kClientCertificate);
  EXPECT_TRUE(resumes(make(open), client, session));

  TlsClient::Options alice = client;
  alice.certificate = authority.client;
  const auto trusted = visit(make(strict), alice);
  alice.session = trusted.get();
  SecurePair pair(make(strict), alice);
  ASSERT_TRUE(pair.shake());
  EXPECT_TRUE(pair.session().is_resumed());
  ASSERT_TRUE(pair.session().peer_certificate());
  EXPECT_TRUE(pair.session().peer_certificate()->verified);
}

// ---- covers

TEST(ServerContextCovers, OtherNamesOfTheSameCertificate) {
  ServerOptions options;
  options.certificates = {{certificate_for({"one.example.com", "*.example.net"})},
                          {certificate_for({"two.example.com"})}};
  const auto context = make(options);
  SecurePair pair(context, {.name = "one.example.com"});
  ASSERT_TRUE(pair.shake());
  const auto covers = [&](std::string_view host) { return context->covers(pair.session(), host); };
  EXPECT_TRUE(covers("one.example.com"));
  EXPECT_TRUE(covers("a.example.net"));
  EXPECT_FALSE(covers("a.b.example.net"));
  EXPECT_FALSE(covers("two.example.com"));
  EXPECT_FALSE(covers("three.example.com"));
}

TEST(ServerContextCovers, OnlyTheSameDemandsOnTheClient) {
  const Authority authority;
  const auto context = make(authority.options(kRequest));
  SecurePair open(context, {.name = "www.example.com"});
  ASSERT_TRUE(open.shake());
  EXPECT_FALSE(context->covers(open.session(), "secret.example.com"));
  EXPECT_TRUE(context->covers(open.session(), "unknown.example.org")) << "that is the default's";
  SecurePair secret(context, {.name = "secret.example.com"});
  ASSERT_TRUE(secret.shake());
  EXPECT_TRUE(context->covers(secret.session(), "secret.example.com"));
  EXPECT_FALSE(context->covers(secret.session(), "www.example.com"));
}

TEST(ServerContextCovers, WhatTheDefaultIsForWhenTheClientNamedNobody) {
  ServerOptions options = two_hosts();
  options.certificates[0].is_default = true;
  const auto context = make(options);
  SecurePair pair(context);
  ASSERT_TRUE(pair.shake());
  EXPECT_TRUE(context->covers(pair.session(), ""));
  EXPECT_TRUE(context->covers(pair.session(), "one.example.com"));
  EXPECT_TRUE(context->covers(pair.session(), "192.0.2.1"));
  EXPECT_FALSE(context->covers(pair.session(), "two.example.com"));
}

}  // namespace
}  // namespace flare::tls
