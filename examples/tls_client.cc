// A blocking TLS client without HTTP's help, talking to a server of this program; with a host and a port, to that one:
// example_tls_client 192.0.2.1:443 www.example.com
#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "flare/http/server.h"
#include "flare/tls/certificate.h"
#include "flare/tls/self_signed.h"
#include "flare/tls/server_context.h"
#include "flare/tls/tls_client.h"
#include "flare/tls/tls_error.h"

using namespace flare;

namespace {

/// One request, the whole answer: read() gives 0 only where the server said that this was all.
std::string ask(tls::TlsClient& client, const std::string& host) {
  client.write_all("GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
  std::string answer;
  std::array<char, 4096> piece{};
  while (const std::size_t count = client.read(piece)) answer.append(piece.data(), count);
  return answer;
}

void introduce(const tls::TlsClient& client) {
  std::printf("%s, %s, %s%s\n", std::string(client.tls_version()).c_str(), std::string(client.cipher_suite()).c_str(),
              client.peer_cert_subject().c_str(), client.is_resumed() ? ", resumed" : "");
}

bool is_untrusted(const net::Endpoint& where, const std::string& host) {
  try {
    tls::TlsClient::connect(where, host);  // the system has never heard of this certificate
    return false;
  } catch (const tls::CertificateUntrusted& error) {
    std::printf("%s\n", error.what());
    return true;
  }
}

int ask_somebody(const std::string& where, const std::string& host) {
  auto client = tls::TlsClient::connect(net::Endpoint::parse(where), host);
  introduce(client);
  std::printf("%s", ask(client, host).c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  if (words.size() == 3) return ask_somebody(words[1], words[2]);

  const std::string host = "localhost";
  const auto made = tls::make_self_signed({host}, std::chrono::days(1));
  tls::ServerOptions options;
  options.certificates = {{.certificate = tls::Certificate::parse(made.chain_pem, made.key_pem), .is_default = true}};
  options.tickets = std::make_shared<tls::TicketKeys>(std::chrono::hours(12), 2);
  auto server = http::Server::bind(net::Endpoint::parse("127.0.0.1:0"));
  server.start([](const http::Request&) { return http::ok("hello\n"); },
               {.tls = tls::ServerContext::make(std::move(options))});

  bool good = is_untrusted(server.local_addr(), host);
  const auto context = tls::ClientContext::make({.ca_pem = made.chain_pem});
  for (const bool resumed : {false, true}) {
    auto client = tls::TlsClient::connect(server.local_addr(), host, context);
    introduce(client);
    good = ask(client, host).ends_with("\r\n\r\nhello\n") && client.is_resumed() == resumed && good;
  }
  return good && server.shutdown() ? 0 : 1;
}
