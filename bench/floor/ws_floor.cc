// The kernel's price of WebSocket: an epoll loop that unmasks frames and sends them back, and looks at nothing else: no
// limits, no UTF-8, no control frames. One buffer for all: frames are unmasked where they lie, the server's head, which
// is 4 bytes shorter, is written into the same memory, and all frames of one recv leave with one send. Only a frame
// that is not whole is copied to its connection.
//
//   ws_floor PORT echo|broadcast     "broadcast" sends each message to all connections, instead of back
#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/support/sockets.h"
#include "bench/support/web_socket.h"

namespace {

constexpr std::size_t kReceiveBytes = 256 << 10;
constexpr std::size_t kMaskBytes = 4;

// The compiler makes vectors of the loop, as wide as the machine has them.
[[gnu::target_clones("avx512f", "avx2", "default")]] void unmask(char* bytes, std::size_t size, std::uint64_t key) {
  std::size_t at = 0;
  for (; at + sizeof key <= size; at += sizeof key) {
    std::uint64_t word;
    std::memcpy(&word, bytes + at, sizeof word);
    word ^= key;
    std::memcpy(bytes + at, &word, sizeof word);
  }
  for (; at < size; ++at, key >>= 8) bytes[at] = static_cast<char>(bytes[at] ^ static_cast<char>(key));
}

std::uint64_t read_key(const char* bytes) {
  std::uint32_t key;
  std::memcpy(&key, bytes, sizeof key);
  return std::uint64_t{key} << 32 | key;
}

// A client's frame at the start of some bytes; `size` is 0 while it is not whole.
struct Frame {
  std::size_t head = 0;  // with the mask
  std::size_t payload = 0;
  std::size_t size = 0;
};

Frame find_frame(std::string_view bytes) {
  if (bytes.size() < 2) return {};
  const unsigned length = static_cast<unsigned char>(bytes[1]) & 0x7FU;
  const std::size_t more = bench::extended_bytes(length);
  Frame frame{.head = 2 + more + kMaskBytes, .payload = more == 0 ? length : 0};
  if (bytes.size() < frame.head) return {};
  for (const char c : bytes.substr(2, more)) frame.payload = frame.payload << 8 | static_cast<unsigned char>(c);
  if (bytes.size() >= frame.head + frame.payload) frame.size = frame.head + frame.payload;
  return frame;
}

struct Connection {
  bool upgraded = false;
  std::string held;  // of a frame or a handshake that is not whole
};

class Floor {
 public:
  Floor(std::uint16_t port, bool broadcasts)
      : broadcasts_(broadcasts), listener_(bench::listen_on(port)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    watch(listener_, EPOLLIN);
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
  void watch(int fd, std::uint32_t events) { bench::watch(epoll_, fd, events, static_cast<std::uint32_t>(fd)); }

  void accept_one() {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    if (connections_.size() <= static_cast<std::size_t>(fd)) connections_.resize(static_cast<std::size_t>(fd) + 1);
    watch(fd, EPOLLIN | EPOLLRDHUP);
  }

  void serve(int fd, Connection& connection) {
    std::size_t count = connection.held.copy(buffer_.data(), connection.held.size());
    const ssize_t received = recv(fd, buffer_.data() + count, buffer_.size() - count, 0);
    if (received < 0 && errno == EAGAIN) return;
    if (received <= 0) {
      connection = {};
      close(fd);
      return;
    }
    count += static_cast<std::size_t>(received);
    const std::string_view bytes(buffer_.data(), count);
    const std::size_t taken = connection.upgraded ? messages(fd, bytes) : handshake(fd, connection, bytes);
    if (taken == count && connection.held.empty()) return;
    connection.held = bytes.substr(taken);
  }

  std::size_t handshake(int fd, Connection& connection, std::string_view bytes) {
    if (!bytes.ends_with(bench::kHeadEnd)) return 0;
    connection.upgraded = true;
    send_all(fd, bench::kSwitching);
    return bytes.size();
  }

  // The answers gather at the start of the buffer. How many bytes were whole frames.
  std::size_t messages(int fd, std::string_view bytes) {
    std::size_t taken = 0;
    char* out = buffer_.data();
    for (Frame frame = find_frame(bytes); frame.size != 0; frame = find_frame(bytes.substr(taken))) {
      char* const at = buffer_.data() + taken;
      char* const payload = at + frame.head;
      unmask(payload, frame.payload, read_key(payload - kMaskBytes));
      // The first stays in its place, with the shorter head behind where the longer one began.
      if (taken == 0) out += kMaskBytes;
      out += bench::write_head(out, *at, frame.payload);
      if (out != payload) std::memmove(out, payload, frame.payload);
      out += frame.payload;
      taken += frame.size;
    }
    if (taken == 0) return 0;
    const char* const begin = buffer_.data() + kMaskBytes;
    answer(fd, {begin, static_cast<std::size_t>(out - begin)});
    return taken;
  }

  void answer(int fd, std::string_view frames) {
    if (!broadcasts_) return send_all(fd, frames);
    for (std::size_t each = 0; each < connections_.size(); ++each) {
      if (connections_[each].upgraded) send_all(static_cast<int>(each), frames);
    }
  }

  // A socket that does not take it all ends the program: clients of the bench read what they asked for.
  static void send_all(int fd, std::string_view bytes) {
    if (send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) {
      bench::fail_with_errno("send");
    }
  }

  bool broadcasts_;
  int listener_;
  int epoll_;
  std::vector<Connection> connections_;  // by descriptor
  std::array<char, kReceiveBytes> buffer_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) bench::fail("usage: ws_floor PORT echo|broadcast");
  static Floor floor(static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10)),
                     std::string_view(argv[2]) == "broadcast");
  floor.run();
}
