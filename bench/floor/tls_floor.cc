// The price of HTTP over TLS, kernel and OpenSSL: an epoll loop that parses nothing and answers every REQUEST_BYTES
// bytes with BODY_BYTES fixed ones. OpenSSL reads ahead, so a small request is one recv, and its answer one send.
// Tickets are stateless, one for a handshake.
//
//   tls_floor PORT CHAIN KEY REQUEST_BYTES BODY_BYTES keep|close     "close" ends each connection after its first
//                                                                    answer, with close_notify
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <csignal>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/support/sockets.h"

namespace {

using bench::fail;

struct Settings {
  std::uint16_t port;
  const char* chain;
  const char* key;
  std::size_t request_bytes;
  std::size_t body_bytes;
  bool close_after_answer;
};

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

struct Connection {
  std::unique_ptr<SSL, FreeSsl> ssl;
  std::size_t pending = 0;  // bytes of a request that is not complete yet
  std::size_t unsent = 0;   // bytes of the answer that the socket did not take yet
};

SSL_CTX* context(const Settings& settings) {
  SSL_CTX* ctx = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
  SSL_CTX_set_read_ahead(ctx, 1);
  SSL_CTX_set_num_tickets(ctx, 1);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE);
  if (SSL_CTX_use_certificate_chain_file(ctx, settings.chain) != 1) fail("cannot use the certificate chain");
  if (SSL_CTX_use_PrivateKey_file(ctx, settings.key, SSL_FILETYPE_PEM) != 1) fail("cannot use the key");
  return ctx;
}

std::string response(std::size_t body_bytes) {
  std::string all =
      "HTTP/1.1 200 OK\r\n"
      "Server: floor\r\n"
      "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
      "Content-Type: text/plain\r\n"
      "Content-Length: " +
      std::to_string(body_bytes) + "\r\n\r\n";
  constexpr std::string_view kText = "Hello, World!";
  for (std::size_t i = 0; i < body_bytes; ++i) all += kText[i % kText.size()];
  return all;
}

class Worker {
 public:
  explicit Worker(const Settings& settings)
      : settings_(settings),
        ctx_(context(settings)),
        response_(response(settings.body_bytes)),
        listener_(bench::listen_on(settings.port)),
        epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    bench::watch(epoll_, listener_, EPOLLIN, static_cast<std::uint32_t>(listener_));
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 256> events;
    for (;;) {
      const int ready = epoll_wait(epoll_, events.data(), events.size(), -1);
      for (int i = 0; i < ready; ++i) {
        const std::size_t fd = events[static_cast<std::size_t>(i)].data.u32;
        if (fd == static_cast<std::size_t>(listener_)) {
          accept_one();
        } else if (!serve(fd)) {
          connections_[fd].ssl.reset();
          close(static_cast<int>(fd));
        }
      }
    }
  }

 private:
  void accept_one() {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const auto slot = static_cast<std::size_t>(fd);
    if (connections_.size() <= slot) connections_.resize(slot + 1);
    connections_[slot] = Connection{.ssl = std::unique_ptr<SSL, FreeSsl>(SSL_new(ctx_))};
    SSL_set_fd(connections_[slot].ssl.get(), fd);
    SSL_set_accept_state(connections_[slot].ssl.get());
    bench::watch(epoll_, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, static_cast<std::uint32_t>(fd));
  }

  // What one edge brought. False when the connection is over.
  bool serve(std::size_t fd) {
    Connection& connection = connections_[fd];
    SSL* ssl = connection.ssl.get();
    if (connection.unsent > 0) return answer(connection);
    for (;;) {
      ERR_clear_error();
      const int received = SSL_read(ssl, buffer_.data(), static_cast<int>(buffer_.size()));  // handshakes, too
      if (received <= 0) return SSL_get_error(ssl, received) == SSL_ERROR_WANT_READ;
      connection.pending += static_cast<std::size_t>(received);
      if (connection.pending < settings_.request_bytes) continue;
      connection.pending = 0;
      connection.unsent = response_.size();
      return answer(connection);
    }
  }

  bool answer(Connection& connection) {
    SSL* ssl = connection.ssl.get();
    while (connection.unsent > 0) {
      ERR_clear_error();
      const char* at = response_.data() + (response_.size() - connection.unsent);
      const int sent = SSL_write(ssl, at, static_cast<int>(connection.unsent));
      if (sent <= 0) return SSL_get_error(ssl, sent) == SSL_ERROR_WANT_WRITE;
      connection.unsent -= static_cast<std::size_t>(sent);
    }
    if (settings_.close_after_answer) SSL_shutdown(ssl);
    return !settings_.close_after_answer;
  }

  Settings settings_;
  SSL_CTX* ctx_;
  std::string response_;
  int listener_;
  int epoll_;
  std::vector<Connection> connections_;  // by descriptor
  std::array<char, 65536> buffer_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) fail("usage: tls_floor PORT CHAIN KEY REQUEST_BYTES BODY_BYTES keep|close");
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  Worker({.port = static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10)),
          .chain = argv[2],
          .key = argv[3],
          .request_bytes = std::strtoul(argv[4], nullptr, 10),
          .body_bytes = std::strtoul(argv[5], nullptr, 10),
          .close_after_answer = std::string_view(argv[6]) == "close"})
      .run();
}
