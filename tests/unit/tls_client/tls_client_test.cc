// The blocking client against real servers: ours and OpenSSL's.
#include "flare/tls/tls_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "flare/net/socket.h"
#include "flare/tls/certificate.h"
#include "flare/tls/self_signed.h"
#include "flare/tls/tls_error.h"
#include "tests/unit/tls_client/peers.h"

namespace flare::tls::test {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr const char* kHost = "server.example.com";

const Authority& authority() {
  static const Authority made;
  return made;
}
TlsConfig trusting() { return {.ca_pem = authority().pem()}; }

/// One request of HTTP/1.1 that closes: the whole answer.
std::string ask(TlsClient& client) {
  client.write_all("GET / HTTP/1.1\r\nHost: server.example.com\r\nConnection: close\r\n\r\n");
  std::string answer;
  std::array<char, 100> piece{};
  while (const std::size_t count = client.read(piece)) answer.append(piece.data(), count);
  return answer;
}

/// What `openssl s_server -rev` makes of it.
std::string reversed(TlsClient& client, std::string_view line) {
  client.write_all(line);
  client.write_all("\n");
  std::string back(line.size() + 1, '\0');
  client.read_exact(back);
  return back;
}

template <class Failure>
void expect_failure(const net::Endpoint& where, const std::string& host, const TlsConfig& config, Reason reason,
                    const std::string& words) {
  try {
    TlsClient::connect(where, host, config);
    FAIL() << "connected";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.error().reason, reason);
    EXPECT_EQ(failure.error().source, ErrorSource::kUpstream);
    EXPECT_THAT(failure.what(), HasSubstr(words));
  }
}

// ---- what comes about

TEST(TlsClient, TalksToOurServer) {
  const OwnServer server(authority().issue({}));
  auto client = TlsClient::connect(server.where(), kHost, trusting());
  EXPECT_EQ(client.tls_version(), "TLSv1.3");
  EXPECT_EQ(client.cipher_suite(), "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(client.peer_cert_subject(), "CN=leaf");
  EXPECT_TRUE(client.peer_certificate()->verified);
  EXPECT_FALSE(client.is_resumed());
  EXPECT_EQ(client.alpn(), "");
  EXPECT_THAT(ask(client), HasSubstr("\r\n\r\nhello"));
  client.close();
  EXPECT_THROW(client.write_all("x"), NetworkError);
}

TEST(TlsClient, AgreesOnAProtocol) {
  const OwnServer server(authority().issue({}));
  TlsConfig config = trusting();
  config.protocols = {"h7", "http/1.1"};
  EXPECT_EQ(TlsClient::connect(server.where(), kHost, config).alpn(), "http/1.1");
  config.protocols = {"h7"};
  expect_failure<TlsHandshakeError>(server.where(), kHost, config, Reason::kTlsPeerAlert, "no application protocol");
}

TEST(TlsClient, TalksToOpensslInBothVersions) {
  for (const auto& [option, version] : {std::pair("-tls1_2", "TLSv1.2"), std::pair("-tls1_3", "TLSv1.3")}) {
    const OpensslServer server(authority().issue({}), {option});
    auto client = TlsClient::connect(server.where(), kHost, trusting());
    EXPECT_EQ(client.tls_version(), version);
    EXPECT_EQ(reversed(client, "hello"), "olleh\n");
    const std::string large(12'000, 'x');
    EXPECT_EQ(reversed(client, large), large + "\n");
  }
}

TEST(TlsClient, ChecksAddressesToo) {
  const OwnServer server(authority().issue({.names = "IP:127.0.0.1"}));
  auto client = TlsClient::connect(server.where(), "127.0.0.1", trusting());
  EXPECT_THAT(ask(client), HasSubstr("hello"));
  expect_failure<CertificateHostnameMismatch>(server.where(), "127.0.0.2", trusting(), Reason::kCertificateHostname,
                                              "IP address mismatch");
}

TEST(TlsClient, TakesASelfSignedCertificateThatItWasTold) {
  const SelfSigned made = make_self_signed({kHost}, std::chrono::days(1));
  const OwnServer server({.chain = made.chain_pem, .key = made.key_pem});
  auto client = TlsClient::connect(server.where(), kHost, {.ca_pem = made.chain_pem});
  EXPECT_THAT(ask(client), HasSubstr("hello"));
}

TEST(TlsClient, TakesACertificateThatItWasToldWithoutItsAuthority) {
  const Pems pems = authority().issue({});
  const OwnServer server(pems);
  EXPECT_NO_THROW(TlsClient::connect(server.where(), kHost, {.ca_pem = pems.chain}));
}

TEST(TlsClient, ReadsItsAuthoritiesFromAFile) {
  const flare::test::TempFolder folder;
  folder.write("ca.pem", authority().pem());
  const OwnServer server(authority().issue({}));
  EXPECT_NO_THROW(TlsClient::connect(server.where(), kHost, {.ca_bundle = folder / "ca.pem"}));
}

TEST(TlsClient, WhoAsksForItGetsAnUnverifiedServer) {
  const OwnServer server(authority().issue({.names = "DNS:other.example.com", .ends = -1}),
                         {.unknown_name = UnknownName::kDefaultCertificate});
  auto client = TlsClient::connect(server.where(), kHost, TlsConfig::insecure());
  EXPECT_FALSE(client.peer_certificate()->verified);
  EXPECT_THAT(ask(client), HasSubstr("hello"));
}

// ---- whom it does not believe

TEST(TlsClient, RefusesACertificateOutOfItsTime) {
  const OpensslServer old(authority().issue({.ends = -1}));
  expect_failure<CertificateExpired>(old.where(), kHost, trusting(), Reason::kCertificateExpired, "has expired");
  const OpensslServer early(authority().issue({.begins = 1800}));
  expect_failure<CertificateExpired>(early.where(), kHost, trusting(), Reason::kCertificateExpired, "not yet valid");
}

TEST(TlsClient, RefusesACertificateForAnotherName) {
  const OpensslServer server(authority().issue({}));
  for (const char* host : {"example.com", "www.server.example.com", "other.example.com", "127.0.0.1"}) {
    expect_failure<CertificateHostnameMismatch>(server.where(), host, trusting(), Reason::kCertificateHostname,
                                                "mismatch");
  }
}

TEST(TlsClient, RefusesACommonName) {  // RFC 9525 §6.3
  const OpensslServer none(authority().issue({.names = "", .common_name = kHost}));
  expect_failure<CertificateHostnameMismatch>(none.where(), kHost, trusting(), Reason::kCertificateHostname,
                                              "mismatch");
}

TEST(TlsClient, TakesAWildcardForOneWholeLabelOnly) {
  const OpensslServer server(authority().issue({.names = "DNS:*.example.com,DNS:w*.example.net"}));
  EXPECT_NO_THROW(TlsClient::connect(server.where(), "any.example.com", trusting()));
  for (const char* host : {"a.b.example.com", "example.com", "www.example.net"}) {
    expect_failure<CertificateHostnameMismatch>(server.where(), host, trusting(), Reason::kCertificateHostname,
                                                "mismatch");
  }
}

TEST(TlsClient, RefusesWhoNobodyVouchesFor) {
  const OpensslServer forger(Authority().issue({}));  // by the name of the authority
  expect_failure<CertificateUntrusted>(forger.where(), kHost, trusting(), Reason::kCertificateUntrusted,
                                       "certificate signature failure");
  const OpensslServer stranger(Authority("somebody else").issue({}));
  expect_failure<CertificateUntrusted>(stranger.where(), kHost, trusting(), Reason::kCertificateUntrusted,
                                       "unable to get local issuer certificate");
  expect_failure<CertificateUntrusted>(stranger.where(), kHost, {}, Reason::kCertificateUntrusted,
                                       "unable to get local issuer certificate");  // the system's store
  const SelfSigned made = make_self_signed({kHost}, std::chrono::days(1));
  const OpensslServer alone({.chain = made.chain_pem, .key = made.key_pem});
  expect_failure<CertificateUntrusted>(alone.where(), kHost, trusting(), Reason::kCertificateUntrusted, "self-signed");
  const OpensslServer client(authority().issue({.purpose = "clientAuth"}));
  expect_failure<CertificateUntrusted>(client.where(), kHost, trusting(), Reason::kCertificateUntrusted, "purpose");
}

// ---- a certificate of its own

class ClientCertificate : public ::testing::TestWithParam<const char*> {
 protected:
  ClientCertificate() {
    const Pems pems = authority().issue({.names = "", .common_name = "client", .purpose = "clientAuth"});
    folder.write("client.pem", pems.chain);
    folder.write("client.key", pems.key);
    folder.write("ca.pem", authority().pem());
  }
  flare::test::TempFolder folder;
};

TEST_P(ClientCertificate, IsShownToWhoAsks) {
  const OpensslServer server(authority().issue({}),
                             {GetParam(), "-Verify", "1", "-verify_return_error", "-CAfile", folder / "ca.pem"});
  TlsConfig config = trusting();
  config.cert_file = folder / "client.pem";
  config.key_file = folder / "client.key";
  auto client = TlsClient::connect(server.where(), kHost, config);
  EXPECT_EQ(reversed(client, "hello"), "olleh\n");
}

TEST_P(ClientCertificate, IsMissedByWhoRequiresIt) {
  const OpensslServer server(authority().issue({}), {GetParam(), "-Verify", "1", "-CAfile", folder / "ca.pem"});
  const auto try_it = [&] {  // a TLS 1.3 server says so after the handshake
    auto client = TlsClient::connect(server.where(), kHost, trusting());
    std::array<char, 1> byte{};
    client.read(byte);
  };
  EXPECT_THROW(try_it(), TlsHandshakeError);
}

INSTANTIATE_TEST_SUITE_P(Versions, ClientCertificate, ::testing::Values("-tls1_2", "-tls1_3"));

// ---- resumption

TEST(TlsClient, ResumesWithinOneContext) {
  const OwnServer server(authority().issue({}), {.tickets = std::make_shared<TicketKeys>(std::chrono::hours(12), 2)});
  const auto context = ClientContext::make(trusting());
  for (const bool resumed : {false, true, true}) {
    auto client = TlsClient::connect(server.where(), kHost, context);
    EXPECT_EQ(client.is_resumed(), resumed);
    EXPECT_THAT(ask(client), HasSubstr("hello"));
    EXPECT_EQ(client.peer_cert_subject(), "CN=leaf");
  }
  EXPECT_FALSE(TlsClient::connect(server.where(), kHost, trusting()).is_resumed()) << "another context";
}

TEST(TlsClient, SharesAContextWithOtherThreads) {
  const OwnServer server(authority().issue({}), {.tickets = std::make_shared<TicketKeys>(std::chrono::hours(12), 2)});
  const auto context = ClientContext::make(trusting());
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 10; ++j) {
          auto client = TlsClient::connect(server.where(), kHost, context);
          if (ask(client).ends_with("hello")) ++good;
        }
      });
    }
  }
  EXPECT_EQ(good, 40);
  EXPECT_TRUE(TlsClient::connect(server.where(), kHost, context).is_resumed());
}

TEST(TlsClient, ResumesWithOpensslInBothVersions) {
  for (const char* version : {"-tls1_2", "-tls1_3"}) {
    const OpensslServer server(authority().issue({}), {version});
    const auto context = ClientContext::make(trusting());
    for (const bool resumed : {false, true, true}) {
      auto client = TlsClient::connect(server.where(), kHost, context);
      EXPECT_EQ(client.is_resumed(), resumed) << version;
      EXPECT_EQ(reversed(client, "hello"), "olleh\n");
    }
  }
}

TEST(TlsClient, DoesNotResumeUnderAnotherName) {
  const OpensslServer server(authority().issue({.names = "DNS:a.example.com,DNS:b.example.com"}));
  const auto context = ClientContext::make(trusting());
  auto first = TlsClient::connect(server.where(), "a.example.com", context);
  EXPECT_EQ(reversed(first, "hello"), "olleh\n");
  first.close();  // s_server serves one at a time
  EXPECT_FALSE(TlsClient::connect(server.where(), "b.example.com", context).is_resumed());
  EXPECT_TRUE(TlsClient::connect(server.where(), "a.example.com", context).is_resumed());
}

TEST(TlsClient, KeepsNoTicketsWhereToldSo) {
  const OpensslServer server(authority().issue({}));
  TlsConfig config = trusting();
  config.sessions = 0;
  const auto context = ClientContext::make(config);
  for (int i = 0; i < 2; ++i) {
    auto client = TlsClient::connect(server.where(), kHost, context);
    EXPECT_EQ(reversed(client, "hello"), "olleh\n");
    EXPECT_FALSE(client.is_resumed());
  }
}

// ---- what goes wrong on the way

TEST(TlsClient, GivesUpOnASilentServer) {
  const auto silent = net::listen_on(net::SocketAddr::localhost(0), {});
  ASSERT_TRUE(silent);
  const auto where = net::SocketRef(silent->get()).local_addr();
  try {
    TlsClient::connect_timeout(*where, kHost, trusting(), milliseconds(50));
    FAIL() << "connected";
  } catch (const ConnectionTimeout& timeout) {
    EXPECT_EQ(timeout.error().reason, Reason::kTlsTimeout);
  }
}

TEST(TlsClient, GivesUpReading) {
  const OpensslServer server(authority().issue({}));
  auto client = TlsClient::connect(server.where(), kHost, trusting());
  client.set_timeout(milliseconds(50));
  std::array<char, 1> byte{};
  EXPECT_THROW(client.read(byte), ConnectionTimeout);
}

TEST(TlsClient, SaysWhoRefusedTheConnection) {
  net::Endpoint where = net::SocketAddr();
  {
    const auto listening = net::listen_on(net::SocketAddr::localhost(0), {});
    where = *net::SocketRef(listening->get()).local_addr();
  }
  EXPECT_THROW(TlsClient::connect(where, kHost), ConnectionRefused);
}

TEST(TlsClient, HasNothingInCommonWithAnOldServer) {
  const OpensslServer server(authority().issue({}), {"-tls1_2"});
  TlsConfig config = trusting();
  config.min_version = Version::kTls13;
  expect_failure<TlsHandshakeError>(server.where(), kHost, config, Reason::kTlsPeerAlert, "protocol version");
  const OpensslServer weak(authority().issue({}), {"-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"});
  expect_failure<TlsHandshakeError>(weak.where(), kHost, trusting(), Reason::kTlsPeerAlert, "handshake failure");
}

}  // namespace
}  // namespace flare::tls::test
