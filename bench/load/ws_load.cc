// A closed-loop WebSocket client that costs less than the servers it loads, so that the server's core is the full one.
//
//   ws_load echo      PORT PATH CONNECTIONS DEPTH SECONDS BYTES text|binary   DEPTH messages in flight per connection
//   ws_load broadcast ...   the first connection sends one message, the next once every connection has the last
//   ws_load idle      ...   one message each; then the connections do nothing
//
// Opens all connections, prints "ready" and waits for a line from stdin or its end; idle has had its answers by then.
// Prints one JSON object, in which a request is a message received, and holds the connections until stdin ends.
//
// Every answer is compared with what was sent, head and payload; of one that is larger than 16 KiB, the connection's
// first one wholly, then the beginning. Anything else is an error and ends the run with status 1.
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/support/histogram.h"
#include "bench/support/sockets.h"
#include "bench/support/web_socket.h"

namespace {

using bench::fail;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kLarge = 16384;
constexpr std::size_t kBeginning = 2048;  // of a large answer, which is compared

enum class Mode { echo, broadcast, idle };

struct Settings {
  Mode mode;
  std::uint16_t port;
  std::string path;
  std::size_t connections;
  std::size_t depth;
  double seconds;
  std::size_t bytes;
  bench::Opcode opcode;
};

struct Connection {
  int fd = -1;
  std::size_t received = 0;  // of the answers to what is in flight
  bool compared = false;     // a whole answer
  Clock::time_point sent;
};

std::array<char, 4> random_key() {
  std::array<char, 4> key;
  if (getrandom(key.data(), key.size(), 0) != ssize_t{key.size()}) bench::fail_with_errno("getrandom");
  return key;
}

class Load {
 public:
  explicit Load(Settings settings) : settings_(std::move(settings)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    std::string payload(settings_.bytes, 0);
    for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>('!' + i % 89);
    for (std::size_t i = 0; i < settings_.depth; ++i) {
      sent_ += bench::client_frame(settings_.opcode, payload, random_key());
      answers_ += bench::server_frame(settings_.opcode, payload);
    }
    connections_.resize(settings_.connections);
  }

  void run() {
    for (Connection& connection : connections_) open(connection);
    if (settings_.mode == Mode::idle) exchange();
    std::puts("ready");
    std::fflush(stdout);
    for (int c = std::getchar(); c != EOF && c != '\n';) c = std::getchar();
    const auto start = Clock::now();
    deadline_ = start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(settings_.seconds));
    if (settings_.mode != Mode::idle) exchange();
    report(std::chrono::duration<double>(Clock::now() - start).count());
    while (std::getchar() != EOF) continue;
  }

 private:
  void open(Connection& connection) {
    connection.fd = bench::open_web_socket(settings_.port, settings_.path);
    const auto tag = static_cast<std::uint32_t>(&connection - connections_.data());
    bench::watch(epoll_, connection.fd, EPOLLIN | EPOLLET, tag);
  }

  void exchange() {
    awaited_ = connections_.size();
    if (settings_.mode == Mode::broadcast) {
      send_all(connections_.front());
    } else {
      for (Connection& connection : connections_) send_all(connection);
    }
    std::array<epoll_event, 1024> events;
    while (awaited_ > 0) {
      const int ready = epoll_wait(epoll_, events.data(), events.size(), 5000);
      if (ready == 0) fail("nothing for 5 s, and " + std::to_string(awaited_) + " connections wait");
      for (int i = 0; i < ready; ++i) receive(connections_[events[static_cast<std::size_t>(i)].data.u32]);
    }
  }

  void send_all(Connection& connection) {
    connection.sent = Clock::now();
    if (send(connection.fd, sent_.data(), sent_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(sent_.size())) {
      bench::fail_with_errno("send");
    }
  }

  // Until the answers are whole or the socket is empty, as the edge is told once.
  void receive(Connection& connection) {
    while (connection.received < answers_.size()) {
      const std::size_t wanted = answers_.size() - connection.received;
      const bool drops = answers_.size() > kLarge && connection.compared && connection.received >= kBeginning;
      const ssize_t count = drops ? drop(connection, wanted) : compare(connection, wanted);
      if (count < 0 && errno == EAGAIN) return;
      if (count < 0) bench::fail_with_errno("recv");
      if (count == 0) fail("the server closed a connection");
      connection.received += static_cast<std::size_t>(count);
    }
    connection.received = 0;
    connection.compared = true;
    answered(connection);
  }

  // Inside the kernel (tcp(7), MSG_TRUNC): copying it would be the client's price, not the server's.
  static ssize_t drop(const Connection& connection, std::size_t wanted) {
    return recv(connection.fd, nullptr, wanted, MSG_TRUNC | MSG_DONTWAIT);
  }

  ssize_t compare(const Connection& connection, std::size_t wanted) {
    const bool looks_at_beginning = answers_.size() > kLarge && connection.compared;
    const std::size_t most = looks_at_beginning ? kBeginning - connection.received : buffer_.size();
    const ssize_t count = recv(connection.fd, buffer_.data(), std::min(wanted, most), MSG_DONTWAIT);
    if (count <= 0) return count;
    const std::string_view got(buffer_.data(), static_cast<std::size_t>(count));
    if (std::string_view(answers_).substr(connection.received, got.size()) != got) {
      fail("an answer differs within " + std::to_string(got.size()) + " bytes from " +
           std::to_string(connection.received) + " on");
    }
    return count;
  }

  void answered(Connection& connection) {
    messages_ += settings_.depth;
    if (settings_.mode == Mode::broadcast) return delivered();
    latencies_.add(Clock::now() - connection.sent);
    if (settings_.mode == Mode::echo && Clock::now() < deadline_) return send_all(connection);
    --awaited_;
  }

  void delivered() {
    if (--awaited_ > 0) return;
    Connection& publisher = connections_.front();
    latencies_.add(Clock::now() - publisher.sent);
    if (Clock::now() >= deadline_) return;
    awaited_ = connections_.size();
    send_all(publisher);
  }

  void report(double seconds) const {
    std::printf("{\"requests\": %zu, \"seconds\": %.6f, \"p50_us\": %zu, \"p99_us\": %zu}\n", messages_, seconds,
                latencies_.percentile(0.50), latencies_.percentile(0.99));
    std::fflush(stdout);
  }

  Settings settings_;
  int epoll_;
  std::string sent_;
  std::string answers_;
  std::vector<Connection> connections_;
  std::array<char, 65536> buffer_;
  Clock::time_point deadline_;
  std::size_t awaited_ = 0;  // connections whose answers are not here
  std::size_t messages_ = 0;
  bench::Histogram latencies_;
};

Mode mode_of(std::string_view name) {
  if (name == "echo") return Mode::echo;
  if (name == "broadcast") return Mode::broadcast;
  if (name == "idle") return Mode::idle;
  fail("unknown mode " + std::string(name));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 9) {
    fail("usage: ws_load echo|broadcast|idle PORT PATH CONNECTIONS DEPTH SECONDS BYTES text|binary");
  }
  Load load({.mode = mode_of(argv[1]),
             .port = static_cast<std::uint16_t>(std::strtoul(argv[2], nullptr, 10)),
             .path = argv[3],
             .connections = std::strtoul(argv[4], nullptr, 10),
             .depth = std::strtoul(argv[5], nullptr, 10),
             .seconds = std::strtod(argv[6], nullptr),
             .bytes = std::strtoul(argv[7], nullptr, 10),
             .opcode = std::string_view(argv[8]) == "text" ? bench::Opcode::text : bench::Opcode::binary});
  load.run();
}
