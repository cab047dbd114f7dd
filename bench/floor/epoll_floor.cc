// The kernel's price of HTTP: an epoll loop that parses nothing. It answers one fixed response for every REQUEST_BYTES
// bytes received, all answers of one recv with one send. What a real server costs above this is its own work.
//
//   epoll_floor PORT REQUEST_BYTES WORKERS keep|close     "close" closes each connection after its first answer
#include <array>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/support/sockets.h"

namespace {

using bench::fail;

constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\n"
    "Server: floor\r\n"
    "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
    "Content-Type: text/plain\r\n"
    "Content-Length: 13\r\n"
    "\r\n"
    "Hello, World!";
constexpr std::size_t kMaxBatch = 1024;  // responses of one send
constexpr std::size_t kReceiveBytes = 65536;

struct Settings {
  std::uint16_t port;
  std::size_t request_bytes;
  bool close_after_answer;
};

class Worker {
 public:
  explicit Worker(const Settings& settings)
      : settings_(settings), listener_(bench::listen_on(settings.port)), epoll_(epoll_create1(0)) {
    for (std::size_t i = 0; i < kMaxBatch; ++i) responses_ += kResponse;
    watch(listener_);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 256> events;
    for (;;) {
      const int ready = epoll_wait(epoll_, events.data(), events.size(), -1);
      for (int i = 0; i < ready; ++i) {
        const int fd = static_cast<int>(events[static_cast<std::size_t>(i)].data.u32);
        if (fd == listener_) {
          accept_some();
        } else {
          serve(fd);
        }
      }
    }
  }

 private:
  void watch(int fd) { bench::watch(epoll_, fd, EPOLLIN | EPOLLRDHUP, static_cast<std::uint32_t>(fd)); }

  void accept_some() {
    for (int i = 0; i < 16; ++i) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      if (pending_.size() <= static_cast<std::size_t>(fd)) pending_.resize(static_cast<std::size_t>(fd) + 1);
      pending_[static_cast<std::size_t>(fd)] = 0;
      // With a connection per request the request is usually there already: no epoll_ctl for it.
      if (settings_.close_after_answer && serve(fd)) continue;
      watch(fd);
    }
  }

  // Answers what one recv brought. True when the connection was closed.
  bool serve(int fd) {
    const ssize_t received = recv(fd, buffer_.data(), buffer_.size(), 0);
    if (received < 0 && errno == EAGAIN) return false;
    if (received <= 0) {
      close(fd);
      return true;
    }
    std::uint32_t& pending = pending_[static_cast<std::size_t>(fd)];
    const std::size_t bytes = pending + static_cast<std::size_t>(received);
    const std::size_t answers = bytes / settings_.request_bytes;
    pending = static_cast<std::uint32_t>(bytes % settings_.request_bytes);
    if (answers > kMaxBatch) fail("more requests in one recv than kMaxBatch");
    const std::size_t size = answers * kResponse.size();
    if (size > 0 && send(fd, responses_.data(), size, MSG_NOSIGNAL) != static_cast<ssize_t>(size))
      bench::fail_with_errno("send");
    if (!settings_.close_after_answer || answers == 0) return false;
    close(fd);
    return true;
  }

  Settings settings_;
  int listener_;
  int epoll_;
  std::string responses_;
  std::vector<std::uint32_t> pending_;  // by descriptor: bytes of a request that is not complete yet
  std::array<char, kReceiveBytes> buffer_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: epoll_floor PORT REQUEST_BYTES WORKERS keep|close\n", stderr);
    return 2;
  }
  const Settings settings{.port = static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10)),
                          .request_bytes = std::strtoul(argv[2], nullptr, 10),
                          .close_after_answer = std::string_view(argv[4]) == "close"};
  std::vector<std::jthread> others;
  for (auto left = std::strtoul(argv[3], nullptr, 10); left > 1; --left) {
    others.emplace_back([settings] { Worker(settings).run(); });
  }
  Worker(settings).run();
}
