// The kernel's price of a file over HTTP: an epoll loop that parses nothing and answers every REQUEST_BYTES bytes with
// FILE. Up to 32 KiB head and file leave memory with one send; more is the head by send(MSG_MORE) and the file by
// sendfile, as far as the socket takes it; from 256 KiB on corked and 2 MiB a call, as whole segments are worth it
// then. Edge-triggered, so that a full socket costs no epoll_ctl.
//
//   sendfile_floor PORT REQUEST_BYTES FILE [FIELD]     FIELD is one more field of the response, such as
//                                                      "Content-Encoding: gzip"
#include <fcntl.h>
#include <sys/sendfile.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "bench/support/response.h"
#include "bench/support/sockets.h"

namespace {

using bench::fail_with_errno;

constexpr std::size_t kFromMemory = 32768;
constexpr std::size_t kCorked = 256 << 10;
constexpr std::size_t kPerCall = 2 << 20;

struct Answer {
  std::string head;  // with the whole body, when the body is small
  int file = -1;     // the body, when it is large
  std::size_t body_bytes = 0;
};

Answer answer_of(const char* path, const std::string& field) {
  const std::string body = bench::contents(path);
  Answer answer;
  answer.head =
      "HTTP/1.1 200 OK\r\n"
      "Server: floor\r\n"
      "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
      "Content-Type: application/octet-stream\r\n"
      "Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT\r\n" +
      field + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  if (body.size() <= kFromMemory) {
    answer.head += body;
  } else {
    answer.file = open(path, O_RDONLY | O_CLOEXEC);
    answer.body_bytes = body.size();
  }
  return answer;
}

struct Connection {
  std::size_t pending = 0;  // bytes of a request that is not complete yet
  std::size_t left = 0;     // bytes of the file still to be sent
};

class Worker {
 public:
  Worker(std::uint16_t port, std::size_t request_bytes, Answer answer)
      : request_bytes_(request_bytes),
        answer_(std::move(answer)),
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
        } else {
          serve(fd, connections_[static_cast<std::size_t>(fd)]);
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

  // An edge: room for more of the file, or a request. Clients here send one request and wait.
  void serve(int fd, Connection& connection) {
    if (connection.left > 0) return send_file(fd, connection);
    const ssize_t received = recv(fd, buffer_.data(), buffer_.size(), 0);
    if (received < 0 && errno == EAGAIN) return;
    if (received <= 0) {
      close(fd);
      return;
    }
    connection.pending += static_cast<std::size_t>(received);
    if (connection.pending < request_bytes_) return;
    connection.pending = 0;
    connection.left = answer_.body_bytes;
    cork(fd, 1);
    const int more = connection.left > 0 ? MSG_MORE : 0;
    const ssize_t sent = send(fd, answer_.head.data(), answer_.head.size(), MSG_NOSIGNAL | more);
    if (sent != static_cast<ssize_t>(answer_.head.size())) fail_with_errno("send");
    if (connection.left > 0) send_file(fd, connection);
  }

  void send_file(int fd, Connection& connection) {
    while (connection.left > 0) {
      auto offset = static_cast<off_t>(answer_.body_bytes - connection.left);
      const ssize_t sent = sendfile(fd, answer_.file, &offset, std::min(connection.left, kPerCall));
      if (sent < 0 && errno == EAGAIN) return;
      if (sent <= 0) {
        close(fd);
        return;
      }
      connection.left -= static_cast<std::size_t>(sent);
    }
    cork(fd, 0);
  }

  void cork(int fd, int on) const {
    if (answer_.body_bytes >= kCorked) setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
  }

  std::size_t request_bytes_;
  Answer answer_;
  int listener_;
  int epoll_;
  std::vector<Connection> connections_;  // by descriptor
  std::array<char, 65536> buffer_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) bench::fail("usage: sendfile_floor PORT REQUEST_BYTES FILE [FIELD]");
  const std::string field = argc == 5 ? std::string(argv[4]) + "\r\n" : "";
  Worker(static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10)), std::strtoul(argv[2], nullptr, 10),
         answer_of(argv[3], field))
      .run();
}
