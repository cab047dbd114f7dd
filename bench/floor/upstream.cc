// The server behind the proxies of `./dev bench proxy`: an epoll loop that looks for the end of each request's head and
// for nothing else, and answers it with a body of BODY_BYTES. Edge-triggered, so that a full socket costs no epoll_ctl.
//
// With BODY_BYTES 0 it is a WebSocket server: the head gets 101, then every 38 bytes, which is a masked message of 32,
// a message of 32.
//
//   upstream PORT BODY_BYTES
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/support/sockets.h"

namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";

constexpr std::string_view kSwitching =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";  // to the key of RFC 6455 §1.3
constexpr std::size_t kMessage = 38;

struct Connection {
  bool upgraded = false;
  std::size_t of_message = 0;  // bytes of the next one that are here
  std::size_t matched = 0;     // of kHeadEnd
  std::size_t owed = 0;        // bytes of answers still to be sent
};

class Upstream {
 public:
  Upstream(std::uint16_t port, std::size_t body_bytes)
      : answer_(
            "HTTP/1.1 200 OK\r\n"
            "Server: upstream\r\n"
            "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
            "Content-Type: text/plain\r\n"
            "Content-Length: " +
            std::to_string(body_bytes) + "\r\n\r\n" + std::string(body_bytes, 'x')),
        is_web_socket_(body_bytes == 0),
        listener_(bench::listen_on(port)),
        epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (is_web_socket_) answer_ = std::string("\x82\x20") + std::string(32, 'x');
    bench::watch(epoll_, listener_, EPOLLIN, static_cast<std::uint32_t>(listener_));
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 256> events;
    for (;;) {
      const int ready = epoll_wait(epoll_, events.data(), events.size(), -1);
      for (int i = 0; i < ready; ++i) {
        const int fd = static_cast<int>(events[static_cast<std::size_t>(i)].data.u32);
        if (fd == listener_) {
          accept_one();
        } else {
          serve(fd);
        }
      }
    }
  }

 private:
  void accept_one() {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    if (connections_.size() <= static_cast<std::size_t>(fd)) connections_.resize(static_cast<std::size_t>(fd) + 1);
    connections_[static_cast<std::size_t>(fd)] = {};
    bench::watch(epoll_, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, static_cast<std::uint32_t>(fd));
  }

  void serve(int fd) {
    Connection& connection = connections_[static_cast<std::size_t>(fd)];
    for (;;) {
      const ssize_t received = recv(fd, buffer_.data(), buffer_.size(), 0);
      if (received < 0 && errno == EAGAIN) break;
      if (received <= 0) {
        close(fd);
        return;
      }
      const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(received));
      connection.owed +=
          (connection.upgraded ? messages(connection, bytes) : requests(fd, connection, bytes)) * answer_.size();
      if (received < static_cast<ssize_t>(buffer_.size())) break;
    }
    send_owed(fd, connection);
  }

  std::size_t requests(int fd, Connection& connection, std::string_view bytes) {
    const std::size_t ended = heads(connection, bytes);
    if (!is_web_socket_ || ended == 0) return ended;
    connection.upgraded = true;
    send(fd, kSwitching.data(), kSwitching.size(), MSG_NOSIGNAL);
    return 0;
  }

  static std::size_t messages(Connection& connection, std::string_view bytes) {
    connection.of_message += bytes.size();
    return std::exchange(connection.of_message, connection.of_message % kMessage) / kMessage;
  }

  static std::size_t heads(Connection& connection, std::string_view bytes) {
    std::size_t ended = 0;
    for (const char c : bytes) {
      connection.matched = c == kHeadEnd[connection.matched] ? connection.matched + 1 : c == '\r' ? 1 : 0;
      if (connection.matched != kHeadEnd.size()) continue;
      connection.matched = 0;
      ++ended;
    }
    return ended;
  }

  void send_owed(int fd, Connection& connection) {
    while (connection.owed != 0) {
      const std::size_t left = (connection.owed - 1) % answer_.size() + 1;  // of the answer under way
      const ssize_t sent = send(fd, answer_.data() + (answer_.size() - left), left, MSG_NOSIGNAL);
      if (sent < 0) return;  // full: the next event goes on; broken: the next recv tells
      connection.owed -= static_cast<std::size_t>(sent);
    }
  }

  std::string answer_;
  bool is_web_socket_;
  int listener_;
  int epoll_;
  std::vector<Connection> connections_;  // by descriptor
  std::array<char, 65536> buffer_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: upstream PORT BODY_BYTES\n", stderr);
    return 2;
  }
  Upstream(static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10)), std::strtoul(argv[2], nullptr, 10)).run();
}
