// The kernel's price of a reverse proxy: an epoll loop that parses nothing. Each client's connection has one of its own
// to the upstream server; what one sends goes to the other, by recv and send, or ("splice") the server's bytes through
// a pipe of 256 KiB that they share, from socket to socket.
//
//   proxy_floor PORT UPSTREAM_PORT copy|splice
#include <fcntl.h>

#include <array>
#include <string_view>
#include <vector>

#include "bench/support/sockets.h"

namespace {

using bench::fail_with_errno;

constexpr int kPipeBytes = 256 << 10;

struct End {
  int peer = -1;
  bool is_client = false;
  std::size_t in_pipe = 0;  // of a server's end: bytes on their way to the client
  int pipe[2] = {-1, -1};
};

class Proxy {
 public:
  Proxy(std::uint16_t port, std::uint16_t upstream, bool splices)
      : upstream_(upstream),
        splices_(splices),
        listener_(bench::listen_on(port)),
        epoll_(epoll_create1(EPOLL_CLOEXEC)) {
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
        } else if (end(fd).peer >= 0) {
          pass_on(fd);
        }
      }
    }
  }

 private:
  End& end(int fd) { return ends_[static_cast<std::size_t>(fd)]; }

  void accept_one() {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) return;
    const int server = bench::connect_to(upstream_);
    fcntl(server, F_SETFL, O_NONBLOCK);
    const std::size_t most = static_cast<std::size_t>(client > server ? client : server) + 1;
    if (ends_.size() < most) ends_.resize(most);
    end(client) = {.peer = server, .is_client = true};
    end(server) = {.peer = client};
    if (splices_) {
      if (pipe2(end(server).pipe, O_NONBLOCK | O_CLOEXEC) != 0) fail_with_errno("pipe2");
      fcntl(end(server).pipe[1], F_SETPIPE_SZ, kPipeBytes);
    }
    for (const int fd : {client, server})
      bench::watch(epoll_, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, static_cast<std::uint32_t>(fd));
  }

  void pass_on(int fd) {
    const End& from = end(fd);
    if (!splices_) return copy(fd);
    if (!from.is_client) return splice_from(fd);
    copy(fd);
    if (end(fd).peer >= 0) splice_from(end(fd).peer);  // the client may have room again
  }

  // Small messages: a socket that takes no whole one ends the program.
  void copy(int fd) {
    const ssize_t received = recv(fd, buffer_.data(), buffer_.size(), 0);
    if (received < 0) return;
    if (received == 0) return close_both(fd);
    if (send(end(fd).peer, buffer_.data(), static_cast<std::size_t>(received), MSG_NOSIGNAL) != received)
      fail_with_errno("send");
  }

  void splice_from(int server) {
    End& from = end(server);
    for (;;) {
      while (from.in_pipe != 0) {
        const ssize_t sent =
            splice(from.pipe[0], nullptr, from.peer, nullptr, from.in_pipe, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        if (sent < 0 && errno == EAGAIN) return;
        if (sent <= 0) return close_both(server);
        from.in_pipe -= static_cast<std::size_t>(sent);
      }
      const ssize_t received =
          splice(server, nullptr, from.pipe[1], nullptr, kPipeBytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
      if (received < 0) return;
      if (received == 0) return close_both(server);
      from.in_pipe = static_cast<std::size_t>(received);
    }
  }

  void close_both(int fd) {
    const int peer = end(fd).peer;
    for (const int each : {fd, peer}) {
      for (const int pipe : end(each).pipe) {
        if (pipe >= 0) close(pipe);
      }
      end(each) = {};
      close(each);
    }
  }

  std::uint16_t upstream_;
  bool splices_;
  int listener_;
  int epoll_;
  std::vector<End> ends_;  // by descriptor
  std::array<char, 65536> buffer_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: proxy_floor PORT UPSTREAM_PORT copy|splice\n", stderr);
    return 2;
  }
  const auto port = [&](int at) { return static_cast<std::uint16_t>(std::strtoul(argv[at], nullptr, 10)); };
  Proxy(port(1), port(2), std::string_view(argv[3]) == "splice").run();
}
