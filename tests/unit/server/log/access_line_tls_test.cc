// What a line says of a request that came over TLS.
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>

#include "flare/tls/server_context.h"
#include "server/log/access_line.h"
#include "tests/support/certificates.h"
#include "tests/support/tls_client.h"

namespace flare::server::log {
namespace {

using Client = test::TlsClient::Options;

/// A session whose handshake is done.
class Handshaken {
 public:
  Handshaken(const tls::ServerContext& server, const Client& client) : session_(server.accept()), client_(client) {
    for (int flight = 0; flight < 4 && !session_->is_established(); ++flight) {
      pass();
      static_cast<void>(session_->handshake());
    }
    pass();  // the ticket
    if (!session_->is_established()) throw std::logic_error("no handshake: " + session_->failure());
  }
  const tls::Session& session() const { return *session_; }
  test::SessionPtr ticket() const { return client_.session(); }

 private:
  void pass() {
    const std::string sent = std::exchange(session_->output(), {});
    session_->feed(client_.exchange(sent));
  }
  std::shared_ptr<tls::Session> session_;
  test::TlsClient client_;
};

nlohmann::json line(const tls::Session& session, const std::string& host) {
  const std::string head = "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
  const http::Limits limits;
  http::Request request;
  if (!request.parse(head, limits)) throw std::logic_error("no request");
  request.set_peer(net::SocketAddr::parse("192.0.2.1:40000"), true);
  request.set_tls(&session);
  std::string out;
  append_json_line(out, {.request = request, .status = http::Status::kOk}, {.time = {}, .worker = 0});
  return nlohmann::json::parse(out);
}

tls::ServerOptions options() {
  tls::ServerOptions options;
  options.certificates = {{.certificate = test::certificate_for({"www.example.com"})}};
  return options;
}

TEST(AccessLineTls, SaysWhatWasAgreed) {
  const auto server = tls::ServerContext::make(options());
  const Handshaken new_one(*server, {.name = "www.example.com"});
  const auto found = line(new_one.session(), "WWW.example.com:8443");
  EXPECT_EQ(found["tls"], "1.3");
  EXPECT_EQ(found["cipher"], new_one.session().cipher());
  EXPECT_EQ(found["resumed"], false);
  EXPECT_FALSE(found.contains("sni")) << "it is the host";
  EXPECT_FALSE(found.contains("client_cert") || found.contains("client_verified"));
  const Handshaken old_one(*server, {.name = "www.example.com", .version = TLS1_2_VERSION});
  EXPECT_EQ(line(old_one.session(), "www.example.com")["tls"], "1.2");
}

TEST(AccessLineTls, NamesWhomTheClientAskedForWhereThatIsNotTheHost) {
  const auto server = tls::ServerContext::make(options());
  const Handshaken one(*server, {.name = "www.example.com"});
  EXPECT_EQ(line(one.session(), "other.example.com")["sni"], "www.example.com");
  const Handshaken nobody(*server, Client{});
  EXPECT_EQ(line(nobody.session(), "www.example.com")["sni"], "");
}

TEST(AccessLineTls, TellsAResumedSession) {
  tls::ServerOptions with_tickets = options();
  with_tickets.tickets = std::make_shared<tls::TicketKeys>(std::chrono::hours(12), 2);
  const auto server = tls::ServerContext::make(std::move(with_tickets));
  test::SessionPtr ticket;
  {
    const Handshaken first(*server, {.name = "www.example.com"});
    ticket = first.ticket();
  }
  const Handshaken second(*server, {.name = "www.example.com", .session = ticket.get()});
  EXPECT_EQ(line(second.session(), "www.example.com")["resumed"], true);
}

TEST(AccessLineTls, NamesTheClientsCertificateAndWhetherItIsToBeBelieved) {
  const test::Issuer authority = test::make_issuer({.subject = "authority", .is_authority = true});
  tls::ServerOptions asking = options();
  asking.client_auth = {{.mode = tls::ClientAuth::Mode::kRequest, .authorities = authority.pem}};
  asking.policy_of = [](std::string_view) { return std::optional<std::size_t>(0); };
  const auto server = tls::ServerContext::make(std::move(asking));
  const auto known = test::make_certificate({.subject = "known", .issuer = &authority});
  const auto stranger = test::make_certificate({.subject = "stranger"});
  const auto of = [&](const std::shared_ptr<const tls::Certificate>& certificate) {
    return line(Handshaken(*server, {.name = "www.example.com", .certificate = certificate}).session(),
                "www.example.com");
  };
  EXPECT_EQ(of(known)["client_cert"], "CN=known");
  EXPECT_EQ(of(known)["client_verified"], true);
  EXPECT_EQ(of(stranger)["client_cert"], "CN=stranger");
  EXPECT_EQ(of(stranger)["client_verified"], false);
  EXPECT_FALSE(of(nullptr).contains("client_cert") || of(nullptr).contains("client_verified"));
}

}  // namespace
}  // namespace flare::server::log
