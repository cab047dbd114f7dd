// What a line says of a request that came over TLS.
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "flare/tls/self_signed.h"
#include "flare/tls/server_context.h"
#include "server/log/access_line.h"

namespace flare::server::log {
namespace {

std::shared_ptr<const tls::Certificate> certificate(const std::string& name) {
  const tls::SelfSigned made = tls::make_self_signed({name}, std::chrono::days(1));
  return tls::Certificate::parse(made.chain_pem, made.key_pem);
}

/// A client of OpenSSL's own, wired to a server's session.
class Handshaken {
 public:
  struct Client {
    const char* server_name = nullptr;
    std::shared_ptr<const tls::Certificate> certificate;
    int version = TLS1_3_VERSION;
    SSL_SESSION* resume = nullptr;
  };
  Handshaken(const tls::ServerContext& server, const Client& client)
      : session_(server.accept()), context_(SSL_CTX_new(TLS_client_method())), ssl_(SSL_new(context_.get())) {
    SSL_set_max_proto_version(ssl_.get(), client.version);
    SSL_set_tlsext_host_name(ssl_.get(), client.server_name);
    if (client.certificate) {
      SSL_use_certificate(ssl_.get(), client.certificate->leaf());
      SSL_use_PrivateKey(ssl_.get(), client.certificate->key());
    }
    if (client.resume != nullptr) SSL_set_session(ssl_.get(), client.resume);
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl_.get());
    for (int flight = 0; flight < 4 && !session_->is_established(); ++flight) pass();
    pass();  // the client's turn to take the ticket
    if (!session_->is_established()) throw std::logic_error("no handshake: " + session_->failure());
  }

  const tls::Session& session() const { return *session_; }
  SSL_SESSION* ticket() const { return SSL_get0_session(ssl_.get()); }

 private:
  void pass() {
    char nothing = 0;
    static_cast<void>(SSL_is_init_finished(ssl_.get()) == 1 ? SSL_read(ssl_.get(), &nothing, 1)
                                                            : SSL_do_handshake(ssl_.get()));
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(ssl_.get()), &bytes);
    session_->feed(std::string(bytes, static_cast<std::size_t>(size)));
    static_cast<void>(BIO_reset(SSL_get_wbio(ssl_.get())));
    if (!session_->is_established()) static_cast<void>(session_->handshake());
    BIO_write(SSL_get_rbio(ssl_.get()), session_->output().data(), static_cast<int>(session_->output().size()));
    session_->output().clear();
  }
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };

  std::shared_ptr<tls::Session> session_;
  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> ssl_;
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
  options.certificates = {{.certificate = certificate("www.example.com"), .is_default = true}};
  return options;
}

TEST(AccessLineTls, SaysWhatWasAgreed) {
  const auto server = tls::ServerContext::make(options());
  const Handshaken new_one(*server, {.server_name = "www.example.com"});
  const auto found = line(new_one.session(), "WWW.example.com:8443");
  EXPECT_EQ(found["tls"], "1.3");
  EXPECT_EQ(found["cipher"], new_one.session().cipher());
  EXPECT_EQ(found["resumed"], false);
  EXPECT_FALSE(found.contains("sni")) << "it is the host";
  EXPECT_FALSE(found.contains("client_cert") || found.contains("client_verified"));
  const Handshaken old_one(*server, {.server_name = "www.example.com", .version = TLS1_2_VERSION});
  EXPECT_EQ(line(old_one.session(), "www.example.com")["tls"], "1.2");
}

TEST(AccessLineTls, NamesWhomTheClientAskedForWhereThatIsNotTheHost) {
  const auto server = tls::ServerContext::make(options());
  const Handshaken one(*server, {.server_name = "www.example.com"});
  EXPECT_EQ(line(one.session(), "other.example.com")["sni"], "www.example.com");
  const Handshaken nobody(*server, {});
  EXPECT_EQ(line(nobody.session(), "www.example.com")["sni"], "");
}

TEST(AccessLineTls, TellsAResumedSession) {
  tls::ServerOptions with_tickets = options();
  with_tickets.tickets = std::make_shared<tls::TicketKeys>(std::chrono::hours(12), 2);
  const auto server = tls::ServerContext::make(std::move(with_tickets));
  const Handshaken first(*server, {.server_name = "www.example.com"});
  const Handshaken second(*server, {.server_name = "www.example.com", .resume = first.ticket()});
  EXPECT_EQ(line(second.session(), "www.example.com")["resumed"], true);
}

TEST(AccessLineTls, NamesTheClientsCertificateAndWhetherItIsToBeBelieved) {
  const auto client = certificate("client.example.com");
  const tls::SelfSigned stranger = tls::make_self_signed({"authority"}, std::chrono::days(1));
  tls::ServerOptions asking = options();
  asking.client_auth = {{.mode = tls::ClientAuth::Mode::kRequest, .authorities = stranger.chain_pem}};
  asking.policy_of = [](std::string_view) { return std::optional<std::size_t>(0); };
  const auto server = tls::ServerContext::make(std::move(asking));
  const Handshaken shown(*server, {.server_name = "www.example.com", .certificate = client});
  EXPECT_EQ(line(shown.session(), "www.example.com")["client_cert"], "CN=client.example.com");
  EXPECT_EQ(line(shown.session(), "www.example.com")["client_verified"], false);
  const Handshaken none(*server, {.server_name = "www.example.com"});
  EXPECT_FALSE(line(none.session(), "www.example.com").contains("client_cert"));
}

}  // namespace
}  // namespace flare::server::log
