// The speed of this moment: nanoseconds of one loopback send + epoll_wait + recv of 130 bytes, in one thread. A shared
// host has fast and slow phases; the bench divides its figures by this one. CPU time, as the figures are: waiting for a
// cpu that others use does not count. Prints one number.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace {

void require(bool ok, const char* what) {
  if (ok) return;
  std::perror(what);
  std::exit(1);
}

double cpu_nanoseconds() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) * 1e9 + static_cast<double>(used.tv_nsec);
}

}  // namespace

int main() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  require(bind(listener, plain, length) == 0 && listen(listener, 1) == 0, "cal: listen");
  require(getsockname(listener, plain, &length) == 0, "cal: getsockname");
  const int sender = socket(AF_INET, SOCK_STREAM, 0);
  require(connect(sender, plain, length) == 0, "cal: connect");
  const int receiver = accept(listener, nullptr, nullptr);
  const int on = 1;
  require(setsockopt(sender, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "cal: TCP_NODELAY");
  const int epoll = epoll_create1(0);
  epoll_event event{};
  event.events = EPOLLIN;
  require(epoll_ctl(epoll, EPOLL_CTL_ADD, receiver, &event) == 0, "cal: epoll_ctl");

  constexpr int kRounds = 30000;
  std::array<char, 130> message{};
  const double start = cpu_nanoseconds();
  for (int i = 0; i < kRounds; ++i) {
    require(send(sender, message.data(), message.size(), 0) == ssize_t{message.size()}, "cal: send");
    require(epoll_wait(epoll, &event, 1, -1) == 1, "cal: epoll_wait");
    require(recv(receiver, message.data(), message.size(), 0) == ssize_t{message.size()}, "cal: recv");
  }
  std::printf("%.1f\n", (cpu_nanoseconds() - start) / kRounds);
}
