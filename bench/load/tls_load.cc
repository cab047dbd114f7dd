// A closed-loop HTTPS client: TLS 1.3 with X25519, one request in flight per connection, bodies read and dropped.
//
//   tls_load keep    PORT CONNECTIONS SECONDS REQUEST_FILE CA NAME [SUITES]
//   tls_load full    ...   a connection per request, closed by the server; no tickets used
//   tls_load resumed ...   the same, each resumed with the newest ticket
//   tls_load idle    ...   holds connections that do nothing
//
// keep and idle first send one request on each connection and print "ready"; then keep waits for a line from stdin
// before it begins, so that handshakes are not measured, and idle for the end of stdin.
//
// CA is the certificate that the server's must chain to, NAME what it must be valid for. SUITES (OpenSSL's notation) is
// the client's preference. Errors that end the run with status 1: a handshake that is not TLS 1.3 with X25519 and a
// P-256 certificate, resumed or not as asked; a status other than 200; a response of another size than the first one; a
// connection closed early or, where the server closes it, without close_notify. Prints one JSON object.
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/dialer.h"
#include "bench/support/histogram.h"
#include "bench/support/response.h"
#include "bench/support/sockets.h"

namespace {

using bench::fail;
using bench::fail_with_openssl;
using bench::Peer;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kHandshakesAtOnce = 64;  // while idle connections are opened

enum class Mode { keep, full, resumed, idle };

struct Settings {
  Mode mode;
  std::uint16_t port;
  std::size_t connections;
  double seconds;
  std::string request;
  Peer peer;
};

struct Connection {
  bench::Ssl ssl;
  int fd = -1;
  bool established = false;
  std::size_t received = 0;
  Clock::time_point started;
};

class Load {
 public:
  explicit Load(Settings settings)
      : settings_(std::move(settings)), dialer_(settings_.peer), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    connections_.resize(settings_.connections);
    learn_response();
  }

  void run() {
    if (!server_closes()) prepare();
    const auto start = Clock::now();
    deadline_ = start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(settings_.seconds));
    if (settings_.mode != Mode::idle) {
      for (Connection& connection : connections_) begin(connection);
      loop();
    }
    report(std::chrono::duration<double>(Clock::now() - start).count());
  }

 private:
  bool server_closes() const { return settings_.mode == Mode::full || settings_.mode == Mode::resumed; }

  // Opens all connections, a few at once, with one request each.
  void prepare() {
    preparing_ = true;
    begun_ = std::min(connections_.size(), kHandshakesAtOnce);
    for (std::size_t i = 0; i < begun_; ++i) open(connections_[i]);
    loop();
    preparing_ = false;
    std::puts("ready");
    std::fflush(stdout);
    for (int c = std::getchar(); c != EOF && (c != '\n' || settings_.mode == Mode::idle);) c = std::getchar();
  }

  void begin(Connection& connection) {
    if (server_closes()) return open(connection);
    ++open_;
    connection.started = Clock::now();
    send_request(connection);
  }

  void loop() {
    std::array<epoll_event, 256> events;
    while (open_ > 0) {
      const int ready = epoll_wait(epoll_, events.data(), events.size(), 5000);
      if (ready == 0) fail("no answer for 5 s on " + std::to_string(open_) + " connections");
      for (int i = 0; i < ready; ++i) advance(connections_[events[static_cast<std::size_t>(i)].data.u32]);
    }
  }

  // One full handshake and request on a blocking connection: the size that every response must have, and a ticket.
  void learn_response() {
    const int fd = bench::connect_to(settings_.port);
    const bench::Ssl ssl = dialer_.dial(fd, false);
    if (SSL_do_handshake(ssl.get()) != 1) fail_with_openssl("handshake");
    bench::Dialer::check_handshake(ssl.get(), false);
    suite_ = SSL_get_cipher_name(ssl.get());
    SSL_write(ssl.get(), settings_.request.data(), static_cast<int>(settings_.request.size()));
    std::string response;
    while (bench::response_size(response) == 0) {
      const int received = SSL_read(ssl.get(), buffer_.data(), static_cast<int>(buffer_.size()));
      if (received <= 0) fail("the server closed the connection before a whole response");
      response.append(buffer_.data(), static_cast<std::size_t>(received));
    }
    response_size_ = response.size();
    SSL_shutdown(ssl.get());
    close(fd);
  }

  void open(Connection& connection) {
    connection.started = Clock::now();
    connection.fd = bench::connect_to(settings_.port);
    fcntl(connection.fd, F_SETFL, O_NONBLOCK);
    connection.ssl = dialer_.dial(connection.fd, settings_.mode == Mode::resumed);
    connection.established = false;
    ++open_;
    bench::watch(epoll_, connection.fd, EPOLLIN, static_cast<std::uint32_t>(&connection - connections_.data()));
    advance(connection);
  }

  void send_request(Connection& connection) {
    connection.received = 0;
    const auto size = static_cast<int>(settings_.request.size());
    if (SSL_write(connection.ssl.get(), settings_.request.data(), size) != size) fail_with_openssl("SSL_write");
  }

  void advance(Connection& connection) {
    SSL* ssl = connection.ssl.get();
    ERR_clear_error();
    if (!connection.established) {
      const int result = SSL_do_handshake(ssl);
      if (result != 1 && SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ) return;
      if (result != 1) fail_with_openssl("handshake");
      bench::Dialer::check_handshake(ssl, settings_.mode == Mode::resumed);
      connection.established = true;
      return send_request(connection);
    }
    receive(connection);
  }

  void receive(Connection& connection) {
    SSL* ssl = connection.ssl.get();
    for (;;) {
      ERR_clear_error();
      const int received = SSL_read(ssl, buffer_.data(), static_cast<int>(buffer_.size()));
      if (received <= 0) {
        const int error = SSL_get_error(ssl, received);
        if (error == SSL_ERROR_WANT_READ) return;
        return closed_by_server(connection, error == SSL_ERROR_ZERO_RETURN);
      }
      if (connection.received == 0 &&
          !std::string_view(buffer_.data(), static_cast<std::size_t>(received)).starts_with(bench::kOk)) {
        fail("unexpected response: " +
             std::string(buffer_.data(), std::min<std::size_t>(bench::kOk.size(), static_cast<std::size_t>(received))));
      }
      connection.received += static_cast<std::size_t>(received);
      if (connection.received > response_size_) fail("more bytes than the request asked for");
      if (connection.received == response_size_ && !server_closes()) return answered(connection);
    }
  }

  void closed_by_server(Connection& connection, bool close_notify) {
    if (!server_closes()) fail("the server closed a keep-alive connection");
    if (connection.received < response_size_) fail("the server closed before a whole response");
    if (!close_notify) fail("the server closed without close_notify");
    answered(connection);
  }

  void answered(Connection& connection) {
    if (preparing_) {
      --open_;
      if (begun_ < connections_.size()) open(connections_[begun_++]);
      return;
    }
    const auto now = Clock::now();
    ++requests_;
    latencies_.add(now - connection.started);
    if (server_closes() || now >= deadline_) {
      finish(connection);
    } else {
      --open_;
    }
    if (now < deadline_) begin(connection);
  }

  void finish(Connection& connection) {
    SSL_set_shutdown(connection.ssl.get(), SSL_SENT_SHUTDOWN);  // or else OpenSSL forbids its ticket
    connection.ssl.reset();
    close(connection.fd);
    --open_;
  }

  void report(double seconds) const {
    std::printf(
        "{\"requests\": %zu, \"seconds\": %.6f, \"p50_us\": %zu, \"p99_us\": %zu, \"response_bytes\": %zu, \"suite\": "
        "\"%s\"}\n",
        requests_, seconds, latencies_.percentile(0.50), latencies_.percentile(0.99), response_size_, suite_.c_str());
  }

  Settings settings_;
  bench::Dialer dialer_;
  int epoll_;
  std::size_t response_size_ = 0;
  std::string suite_;
  std::vector<Connection> connections_;
  std::array<char, 65536> buffer_;
  Clock::time_point deadline_;
  bool preparing_ = false;
  std::size_t begun_ = 0;
  std::size_t open_ = 0;  // connections that are still at work
  std::size_t requests_ = 0;
  bench::Histogram latencies_;
};

Mode mode_of(std::string_view name) {
  if (name == "keep") return Mode::keep;
  if (name == "full") return Mode::full;
  if (name == "resumed") return Mode::resumed;
  if (name == "idle") return Mode::idle;
  fail("unknown mode " + std::string(name));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8 && argc != 9)
    fail("usage: tls_load keep|full|resumed|idle PORT CONNECTIONS SECONDS REQUEST_FILE CA NAME [SUITES]");
  std::signal(SIGPIPE, SIG_IGN);
  Load load({.mode = mode_of(argv[1]),
             .port = static_cast<std::uint16_t>(std::strtoul(argv[2], nullptr, 10)),
             .connections = std::strtoul(argv[3], nullptr, 10),
             .seconds = std::strtod(argv[4], nullptr),
             .request = bench::contents(argv[5]),
             .peer = {.ca = argv[6], .name = argv[7], .suites = argc == 9 ? argv[8] : nullptr}});
  load.run();
}
