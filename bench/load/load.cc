// A closed-loop HTTP client that costs less than the servers it loads, so that the server's core is the full one.
//
//   load keep  PORT CONNECTIONS DEPTH SECONDS REQUEST_FILE    DEPTH requests in flight per connection
//   load close PORT CONNECTIONS 1     SECONDS REQUEST_FILE    a connection per request, closed by the server
//   load idle  PORT CONNECTIONS 1     0       REQUEST_FILE    one request each, prints "ready", holds them until stdin
//   ends
//   load upgrade PORT CONNECTIONS DEPTH SECONDS REQUEST_FILE  the file is a head and a message: once the head is
//   answered with 101, DEPTH messages in flight per connection
//
// Every response must have the status 200 and, on keep-alive, the size of the first one: anything else is an error and
// ends the run with status 1. Prints one JSON object.
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/support/histogram.h"
#include "bench/support/response.h"
#include "bench/support/sockets.h"

namespace {

using bench::fail;
using bench::kOk;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kLargeResponse = 16384;
constexpr std::size_t kBeginning = 2048;  // of a large response: its status line is looked at

enum class Mode { keep, close, idle, upgrade };

struct Settings {
  Mode mode;
  std::uint16_t port;
  std::size_t connections;
  std::size_t depth;
  double seconds;
  std::string request;
  std::string message = {};  // with `upgrade`, which has the head as the request
};

struct Connection {
  int fd = -1;
  std::size_t awaited = 0;  // bytes of the answers still out
  std::size_t received = 0;
  Clock::time_point sent;
};

void send_all(int fd, std::string_view bytes) {
  if (send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) {
    bench::fail_with_errno("send");
  }
}

constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kSwitched = "HTTP/1.1 101";

// What the server says until `end` stands at its end; the rest of an answer to one message, where that is empty.
std::string receive_until(int fd, std::string_view end) {
  std::string received;
  std::array<char, 4096> buffer;
  while (received.empty() || !received.ends_with(end)) {
    const ssize_t count = recv(fd, buffer.data(), buffer.size(), 0);
    if (count <= 0) fail("the server closed the connection before it had answered");
    received.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return received;
}

void upgrade(int fd, std::string_view head) {
  send_all(fd, head);
  const std::string answer = receive_until(fd, kHeadEnd);
  if (!answer.starts_with(kSwitched)) fail("unexpected response: " + answer.substr(0, kSwitched.size()));
}

// One request on a connection of its own: the size that every further response must have.
std::size_t response_size(const Settings& settings) {
  const int fd = bench::connect_to(settings.port);
  if (settings.mode == Mode::upgrade) {
    upgrade(fd, settings.request);
    send_all(fd, settings.message);
    const std::size_t size = receive_until(fd, {}).size();
    close(fd);
    return size;
  }
  send_all(fd, settings.request);
  std::string response;
  std::array<char, 65536> buffer;
  for (std::size_t size = 0; size == 0; size = bench::response_size(response)) {
    const ssize_t received = recv(fd, buffer.data(), buffer.size(), 0);
    if (received <= 0) fail("the server closed the connection before a whole response");
    response.append(buffer.data(), static_cast<std::size_t>(received));
  }
  close(fd);
  return response.size();
}

class Load {
 public:
  explicit Load(Settings settings)
      : settings_(std::move(settings)), response_size_(response_size(settings_)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    const bool upgrades = settings_.mode == Mode::upgrade;
    for (std::size_t i = 0; i < settings_.depth; ++i) batch_ += upgrades ? settings_.message : settings_.request;
    connections_.resize(settings_.connections);
  }

  void run() {
    const auto start = Clock::now();
    deadline_ = start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(settings_.seconds));
    for (Connection& connection : connections_) open(connection);
    std::array<epoll_event, 256> events;
    while (open_ > 0) {
      const int ready = epoll_wait(epoll_, events.data(), events.size(), 5000);
      if (ready == 0) fail("no answer for 5 s on " + std::to_string(open_) + " connections");
      for (int i = 0; i < ready; ++i) receive(connections_[events[static_cast<std::size_t>(i)].data.u32]);
    }
    report(std::chrono::duration<double>(Clock::now() - start).count());
  }

 private:
  void open(Connection& connection) {
    connection.fd = bench::connect_to(settings_.port);
    ++open_;
    if (settings_.mode == Mode::upgrade) upgrade(connection.fd, settings_.request);
    bench::watch(epoll_, connection.fd, EPOLLIN, static_cast<std::uint32_t>(&connection - connections_.data()));
    send_batch(connection);
  }

  void send_batch(Connection& connection) {
    connection.received = 0;
    connection.awaited = response_size_ * settings_.depth;
    connection.sent = Clock::now();
    send_all(connection.fd, batch_);
  }

  void receive(Connection& connection) {
    const ssize_t received = receive_some(connection);
    if (received < 0) bench::fail_with_errno("recv");
    if (received == 0) return closed_by_server(connection);
    check_status(connection, static_cast<std::size_t>(received));
    connection.received += static_cast<std::size_t>(received);
    if (settings_.mode == Mode::close || connection.received < connection.awaited) return;
    if (connection.received > connection.awaited) fail("more bytes than the requests asked for");
    answered(connection);
    if (settings_.mode == Mode::idle) {
      --open_;
    } else if (Clock::now() < deadline_) {
      send_batch(connection);
    } else {
      finish(connection);
    }
  }

  // What follows the beginning of a large response is dropped inside the kernel (tcp(7), MSG_TRUNC): copying it would
  // be the client's price, not the server's.
  ssize_t receive_some(const Connection& connection) {
    if (response_size_ <= kLargeResponse || settings_.depth > 1) {
      return recv(connection.fd, buffer_.data(), buffer_.size(), 0);
    }
    if (connection.received == 0) return recv(connection.fd, buffer_.data(), kBeginning, 0);
    return recv(connection.fd, nullptr, connection.awaited - connection.received, MSG_TRUNC);
  }

  // Looks at the status line of the first response that begins in the buffer.
  void check_status(const Connection& connection, std::size_t received) const {
    if (settings_.mode == Mode::upgrade) return;  // how many bytes come is what tells
    const std::size_t into = connection.received % response_size_;
    const std::size_t begin = into == 0 ? 0 : response_size_ - into;
    if (begin + kOk.size() > received) return;
    const std::string_view status(buffer_.data() + begin, kOk.size());
    if (status != kOk) fail("unexpected response: " + std::string(status));
  }

  void closed_by_server(Connection& connection) {
    if (settings_.mode != Mode::close) fail("the server closed a keep-alive connection");
    if (connection.received < connection.awaited) fail("the server closed before a whole response");
    answered(connection);
    finish(connection);
    if (Clock::now() < deadline_) open(connection);
  }

  void answered(const Connection& connection) {
    requests_ += settings_.depth;
    latencies_.add(Clock::now() - connection.sent);
  }

  void finish(Connection& connection) {
    close(connection.fd);
    connection.fd = -1;
    --open_;
  }

  void report(double seconds) const {
    if (settings_.mode == Mode::idle) {
      std::puts("ready");
      std::fflush(stdout);
      while (std::getchar() != EOF) continue;
    }
    std::printf("{\"requests\": %zu, \"seconds\": %.6f, \"p50_us\": %zu, \"p99_us\": %zu, \"response_bytes\": %zu}\n",
                requests_, seconds, latencies_.percentile(0.50), latencies_.percentile(0.99), response_size_);
  }

  Settings settings_;
  std::size_t response_size_;
  int epoll_;
  std::string batch_;
  std::vector<Connection> connections_;
  std::array<char, 65536> buffer_;
  Clock::time_point deadline_;
  std::size_t open_ = 0;
  std::size_t requests_ = 0;
  bench::Histogram latencies_;
};

Mode mode_of(std::string_view name) {
  if (name == "keep") return Mode::keep;
  if (name == "close") return Mode::close;
  if (name == "idle") return Mode::idle;
  if (name == "upgrade") return Mode::upgrade;
  fail("unknown mode " + std::string(name));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) fail("usage: load keep|close|idle|upgrade PORT CONNECTIONS DEPTH SECONDS REQUEST_FILE");
  const Mode mode = mode_of(argv[1]);
  std::string request = bench::contents(argv[6]);
  std::string message;
  if (mode == Mode::upgrade) {
    const std::size_t head = request.find(kHeadEnd) + kHeadEnd.size();
    message = request.substr(head);
    request.resize(head);
  }
  Load load({.mode = mode,
             .port = static_cast<std::uint16_t>(std::strtoul(argv[2], nullptr, 10)),
             .connections = std::strtoul(argv[3], nullptr, 10),
             .depth = std::strtoul(argv[4], nullptr, 10),
             .seconds = std::strtod(argv[5], nullptr),
             .request = std::move(request),
             .message = std::move(message)});
  load.run();
}
