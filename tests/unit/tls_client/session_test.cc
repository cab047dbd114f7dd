// Two sessions in memory: one thread's error queue is everybody's.
#include "flare/tls/session.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "flare/tls/certificate.h"
#include "flare/tls/client_context.h"
#include "flare/tls/server_context.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/tls_client/authority.h"

namespace flare::tls::test {
namespace {

const Authority& authority() {
  static const Authority made;
  return made;
}

/// A handshake that is done.
struct Pair {
  explicit Pair(const ServerContext& server_context, const ClientContext& client_context)
      : server(server_context.accept()), client(*client_context.connect("server.example.com", 443)) {
    for (int i = 0; i < 4; ++i) {
      EXPECT_NE(client->handshake(), Step::kFailed);
      server->feed(std::exchange(client->output(), {}));
      EXPECT_NE(server->handshake(), Step::kFailed);
      client->feed(std::exchange(server->output(), {}));
    }
    EXPECT_TRUE(server->is_established() && client->is_established());
  }
  std::string encrypted(std::string_view text) const {
    std::string records;
    EXPECT_TRUE(client->encrypt(text, records));
    return records;
  }
  Result<std::size_t> decrypt(std::string_view records) const {
    std::array<char, 64> plain{};
    return server->decrypt(records, plain);
  }
  std::shared_ptr<Session> server;
  std::shared_ptr<Session> client;
};

class SessionPair : public ::testing::Test {
 protected:
  void use(ServerOptions options, TlsConfig config) {
    const Pems pems = authority().issue({});
    options.certificates = {{.certificate = Certificate::parse(pems.chain, pems.key), .is_default = true}};
    server = ServerContext::make(std::move(options));
    config.ca_pem = authority().pem();
    client = ClientContext::make(config);
  }
  std::shared_ptr<const ServerContext> server;
  std::shared_ptr<const ClientContext> client;
};

TEST_F(SessionPair, GarbageBehindARecordBreaksItsOwnConnectionOnly) {
  use({}, {});
  const Pair bad(*server, *client);
  const Pair good(*server, *client);
  EXPECT_EQ(bad.decrypt(bad.encrypted("hello") + std::string("\x17\x03\x03\x00\x11 no record of this", 23)), 5U);
  EXPECT_EQ(good.decrypt(good.encrypted("hello").substr(0, 9)).error().kind, ErrorKind::kWouldBlock);
  ASSERT_TRUE(bad.server->has_input()) << "the error is to be had at once";
  EXPECT_EQ(bad.decrypt({}).error(), Error::of(ErrorKind::kProtocol, Reason::kTlsMalformed));
  EXPECT_EQ(bad.decrypt({}).error(), Error::of(ErrorKind::kProtocol, Reason::kTlsMalformed)) << "and again";
  std::string output;
  EXPECT_EQ(bad.server->encrypt("answer", output).error().kind, ErrorKind::kBrokenPipe);
}

TEST_F(SessionPair, AForgedClientCertificateBreaksNobodyElse) {
  const flare::test::TempFolder folder;
  const Pems forged = Authority().issue({.purpose = "clientAuth"});  // by the authority's name, with another key
  folder.write("client.pem", forged.chain);
  folder.write("client.key", forged.key);
  ServerOptions options;
  options.client_auth = {{.mode = ClientAuth::Mode::kRequest, .authorities = authority().pem()}};
  options.policy_of = [](std::string_view) { return std::optional<std::size_t>(0); };
  use(std::move(options), {.cert_file = folder / "client.pem", .key_file = folder / "client.key"});
  const Pair pair(*server, *client);
  const auto shown = pair.server->peer_certificate();
  ASSERT_TRUE(shown);
  EXPECT_FALSE(shown->verified);
  EXPECT_EQ(pair.decrypt({}).error().kind, ErrorKind::kWouldBlock);
  EXPECT_EQ(pair.decrypt(pair.encrypted("hello")), 5U);
}

}  // namespace
}  // namespace flare::tls::test
