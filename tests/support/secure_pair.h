// A TLS server's stream and a client, joined in memory: whenever the server looks for input, the client has answered.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

#include "flare/runtime/worker.h"
#include "flare/tls/server_context.h"
#include "flare/tls/tls_stream.h"
#include "tests/support/certificates.h"
#include "tests/support/memory_stream.h"
#include "tests/support/tls_client.h"

namespace flare::test {

/// One certificate, for www.example.com.
inline tls::ServerOptions plain_options() {
  tls::ServerOptions options;
  options.certificates = {{.certificate = certificate_for({"www.example.com"})}};
  return options;
}
inline std::shared_ptr<const tls::ServerContext> plain_context() { return tls::ServerContext::make(plain_options()); }

struct SecurePair {
  explicit SecurePair(const std::shared_ptr<const tls::ServerContext>& context = plain_context(),
                      const TlsClient::Options& options = {})
      : client(options), stream(std::make_unique<Stream>(context->accept(), wire)) {
    wire.stays_open = true;
    wire.peer = [this](Wire&) { answer(); };
  }
  SecurePair(const SecurePair&) = delete;
  SecurePair& operator=(const SecurePair&) = delete;

  using Stream = tls::BasicTlsStream<MemoryStream>;

  /// What has been sent reaches the client; what it says to that arrives in pieces of `piece`.
  void answer() { arrive(client.exchange(take_sent())); }
  void arrive(std::string bytes) {
    while (!bytes.empty()) {
      wire.arriving.push_back(bytes.substr(0, piece));
      bytes.erase(0, std::min(piece, bytes.size()));
    }
  }
  /// All of them at once, made in this order, which the operands of a + need not be.
  void arrive(std::initializer_list<std::string> parts) {
    std::string bytes;
    for (const std::string& part : parts) bytes += part;
    arrive(std::move(bytes));
  }
  std::string take_sent() {
    std::string bytes = wire.sent.substr(taken);
    taken = wire.sent.size();
    return bytes;
  }
  /// The handshake. kClosed when the client has nothing more to say.
  Result<void> shake() {
    wire.stays_open = false;
    runtime::Worker worker;
    Result<void> outcome;
    worker.spawn(run(outcome));
    while (worker.active_tasks() != 0) worker.run_once(std::chrono::milliseconds(0));
    wire.stays_open = true;
    answer();
    return outcome;
  }
  tls::Session& session() { return stream->session(); }
  /// Everything that can be read, `size` bytes at once, up to an error (kWouldBlock, at best).
  std::pair<std::string, Error> read_all(std::size_t size = 64 * 1024) {
    std::string all, into(size, '\0');
    for (;;) {
      const auto count = stream->try_read(into);
      if (!count) return {all, count.error()};
      all.append(into, 0, *count);
    }
  }

  Wire wire;
  TlsClient client;
  std::size_t piece = std::string::npos;
  std::size_t taken = 0;  ///< of wire.sent, by the client
  int offloaded = 0;      ///< steps of the handshake done elsewhere
  std::unique_ptr<Stream> stream;

 private:
  struct Elsewhere {
    int& count;
    runtime::Task<tls::Step> operator()(std::shared_ptr<tls::Session> session) {
      ++count;
      co_return session->handshake();
    }
  };
  runtime::Task<void> run(Result<void>& outcome) {
    Elsewhere elsewhere{offloaded};
    outcome = co_await stream->receive_hello();
    if (outcome) outcome = co_await stream->handshake(elsewhere);
  }
};

}  // namespace flare::test
