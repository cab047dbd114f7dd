#include "flare/net/socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

namespace flare::net {
namespace {

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(::getsockopt(fd, level, name, &value, &size), 0);
  return value;
}

std::chrono::microseconds timeout_option(int fd, int name) {
  timeval value{};
  socklen_t size = sizeof value;
  EXPECT_EQ(::getsockopt(fd, SOL_SOCKET, name, &value, &size), 0);
  return std::chrono::seconds(value.tv_sec) + std::chrono::microseconds(value.tv_usec);
}

bool wait_for(int fd, short events) {
  pollfd entry{.fd = fd, .events = events, .revents = 0};
  return ::poll(&entry, 1, 5000) == 1;
}

UniqueFd must_listen(const Endpoint& where, const ListenOptions& options = {}) {
  Result<UniqueFd> fd = listen_on(where, options);
  EXPECT_TRUE(fd) << describe(fd.error());
  return fd ? std::move(*fd) : UniqueFd();
}

class UnixDirectory {
 public:
  UnixDirectory() {
    std::string pattern = std::filesystem::temp_directory_path() / "flare-net-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~UnixDirectory() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

TEST(Socket, ListensAndConnectsOverBothFamilies) {
  for (const SocketAddr& where : {SocketAddr::localhost(0), SocketAddr(IpAddr::localhost_v6(), 0)}) {
    const UniqueFd listener = must_listen(where);
    const Result<Endpoint> bound = SocketRef(listener.get()).local_addr();
    ASSERT_TRUE(bound);
    ASSERT_NE(bound->address(), nullptr);
    EXPECT_EQ(bound->address()->ip(), where.ip());
    EXPECT_NE(bound->address()->port(), 0);

    Result<Connecting> client = begin_connect(*bound);
    ASSERT_TRUE(client);
    ASSERT_TRUE(wait_for(client->fd.get(), POLLOUT));
    SocketRef socket(client->fd.get());
    EXPECT_TRUE(socket.take_error());
    EXPECT_EQ(socket.peer_addr(), bound);

    ASSERT_TRUE(wait_for(listener.get(), POLLIN));
    const UniqueFd accepted(::accept(listener.get(), nullptr, nullptr));
    ASSERT_TRUE(accepted);
    EXPECT_EQ(SocketRef(accepted.get()).peer_addr(), socket.local_addr());
    EXPECT_EQ(option(accepted.get(), IPPROTO_TCP, TCP_NODELAY), 1) << "inherited from the listener";
  }
}

TEST(Socket, IsNonBlockingAndCloseOnExecFromBirth) {
  const UniqueFd listener = must_listen(SocketAddr::localhost(0));
  const Result<Connecting> client = begin_connect(*SocketRef(listener.get()).local_addr());
  ASSERT_TRUE(client);
  for (const int fd : {listener.get(), client->fd.get()}) {
    EXPECT_TRUE(::fcntl(fd, F_GETFL) & O_NONBLOCK);
    EXPECT_TRUE(::fcntl(fd, F_GETFD) & FD_CLOEXEC);
  }
}

TEST(Socket, ARefusedConnectIsReportedByTakeErrorOnce) {
  Endpoint closed = SocketAddr::localhost(0);
  {
    const UniqueFd listener = must_listen(closed);
    closed = *SocketRef(listener.get()).local_addr();
  }
  Result<Connecting> client = begin_connect(closed);
  if (!client) {
    EXPECT_EQ(client.error().kind, ErrorKind::kConnectionRefused);
    return;
  }
  ASSERT_TRUE(wait_for(client->fd.get(), POLLOUT));
  SocketRef socket(client->fd.get());
  const Result<void> outcome = socket.take_error();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::kConnectionRefused);
  EXPECT_TRUE(socket.take_error());
}

TEST(Socket, ATakenPortIsAddressInUse) {
  const UniqueFd first = must_listen(SocketAddr::localhost(0));
  const Result<UniqueFd> second = listen_on(*SocketRef(first.get()).local_addr(), {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::kAddressInUse);
}

TEST(Socket, ReusePortLetsSeveralListenersShareOnePort) {
  const ListenOptions shared{.reuse_port = true};
  const UniqueFd first = must_listen(SocketAddr::localhost(0), shared);
  const Endpoint where = *SocketRef(first.get()).local_addr();
  const UniqueFd second = must_listen(where, shared);
  EXPECT_EQ(*SocketRef(second.get()).local_addr(), where);
  EXPECT_FALSE(listen_on(where, {})) << "only among those that all asked for it";
}

TEST(Socket, V6OnlyLetsBothFamiliesHaveThePort) {
  const UniqueFd v6 = must_listen(SocketAddr(IpAddr::unspecified_v6(), 0));
  EXPECT_EQ(option(v6.get(), IPPROTO_IPV6, IPV6_V6ONLY), 1);
  const std::uint16_t port = SocketRef(v6.get()).local_addr()->address()->port();
  EXPECT_TRUE(listen_on(SocketAddr::localhost(port), {}));
  const UniqueFd dual = must_listen(SocketAddr(IpAddr::unspecified_v6(), 0), {.v6_only = false});
  EXPECT_EQ(option(dual.get(), IPPROTO_IPV6, IPV6_V6ONLY), 0);
}

TEST(Socket, AnAddressThatIsNotOursIsNotAvailable) {
  const Result<UniqueFd> listener = listen_on(SocketAddr::parse("192.0.2.1:0"), {});
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error().kind, ErrorKind::kAddressNotAvailable);
}

TEST(Socket, ListensAndConnectsOnAUnixPath) {
  const UnixDirectory directory;
  const Endpoint where = UnixPath{directory.file("a.sock")};
  const UniqueFd listener = must_listen(where, {.reuse_port = true});
  EXPECT_EQ(SocketRef(listener.get()).local_addr(), where);
  Result<Connecting> client = begin_connect(where);
  ASSERT_TRUE(client);
  EXPECT_TRUE(client->connected);
  EXPECT_EQ(SocketRef(client->fd.get()).peer_addr(), where);
  EXPECT_EQ(SocketRef(client->fd.get()).local_addr(), Endpoint(UnixPath{})) << "unnamed";
}

TEST(Socket, AStaleUnixSocketIsReplaced) {
  const UnixDirectory directory;
  const Endpoint where = UnixPath{directory.file("stale.sock")};
  must_listen(where).reset();
  ASSERT_TRUE(std::filesystem::exists(where.unix_path()->path)) << "closing leaves the file behind";
  const UniqueFd again = must_listen(where);
  EXPECT_TRUE(begin_connect(where));
}

TEST(Socket, ALiveUnixSocketIsLeftAlone) {
  const UnixDirectory directory;
  const Endpoint where = UnixPath{directory.file("live.sock")};
  const UniqueFd first = must_listen(where);
  const Result<UniqueFd> second = listen_on(where, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::kAddressInUse);
  EXPECT_TRUE(begin_connect(where));
}

TEST(Socket, AUnixListenerWithAFullQueueIsAliveToo) {
  const UnixDirectory directory;
  const Endpoint where = UnixPath{directory.file("busy.sock")};
  const UniqueFd listener = must_listen(where, {.backlog = 0});
  const Result<Connecting> waiting = begin_connect(where);
  ASSERT_TRUE(waiting);
  const Result<Connecting> refused = begin_connect(where);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kResource) << "there is no readiness to wait for";
  EXPECT_FALSE(listen_on(where, {}));
  EXPECT_TRUE(std::filesystem::exists(where.unix_path()->path));
}

TEST(Socket, AnOrdinaryFileInPlaceOfAUnixSocketIsNeverRemoved) {
  const UnixDirectory directory;
  const Endpoint where = UnixPath{directory.file("precious.txt")};
  std::ofstream(where.unix_path()->path) << "data";
  const Result<UniqueFd> listener = listen_on(where, {});
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error().kind, ErrorKind::kAddressInUse);
  EXPECT_EQ(std::filesystem::file_size(where.unix_path()->path), 4U);
}

TEST(Socket, AnImpossibleUnixPathIsAnError) {
  const Endpoint where = UnixPath{std::string(200, 'x')};
  EXPECT_FALSE(listen_on(where, {}));
  EXPECT_FALSE(begin_connect(where));
}

TEST(SocketRef, SetsAndClearsOptions) {
  const UniqueFd fd = must_listen(SocketAddr::localhost(0), {.reuse_addr = false, .tcp_nodelay = false});
  SocketRef socket(fd.get());
  EXPECT_EQ(option(fd.get(), SOL_SOCKET, SO_REUSEADDR), 0);
  EXPECT_EQ(option(fd.get(), IPPROTO_TCP, TCP_NODELAY), 0);
  for (const bool on : {true, false}) {
    EXPECT_TRUE(socket.set_reuse_addr(on));
    EXPECT_TRUE(socket.set_reuse_port(on));
    EXPECT_TRUE(socket.set_keepalive(on));
    EXPECT_TRUE(socket.set_tcp_nodelay(on));
    EXPECT_TRUE(socket.set_nonblocking(on));
    EXPECT_EQ(option(fd.get(), SOL_SOCKET, SO_REUSEADDR), on);
    EXPECT_EQ(option(fd.get(), SOL_SOCKET, SO_REUSEPORT), on);
    EXPECT_EQ(option(fd.get(), SOL_SOCKET, SO_KEEPALIVE), on);
    EXPECT_EQ(option(fd.get(), IPPROTO_TCP, TCP_NODELAY), on);
    EXPECT_EQ((::fcntl(fd.get(), F_GETFL) & O_NONBLOCK) != 0, on);
  }
}

TEST(SocketRef, SetsTimeoutsAndRefusesNegativeOnes) {
  using namespace std::chrono_literals;
  const UniqueFd fd = must_listen(SocketAddr::localhost(0));
  SocketRef socket(fd.get());
  ASSERT_TRUE(socket.set_recv_timeout(1500ms));
  ASSERT_TRUE(socket.set_send_timeout(2000ms));
  EXPECT_EQ(timeout_option(fd.get(), SO_RCVTIMEO), 1500ms);
  EXPECT_EQ(timeout_option(fd.get(), SO_SNDTIMEO), 2000ms);
  EXPECT_TRUE(socket.set_recv_timeout(0ms));
  EXPECT_EQ(timeout_option(fd.get(), SO_RCVTIMEO), 0ms) << "0 waits without end";
  EXPECT_FALSE(socket.set_send_timeout(-1ms));
}

TEST(SocketRef, ReportsErrorsOfADescriptorThatIsNoSocket) {
  SocketRef nothing(-1);
  EXPECT_EQ(nothing.set_nonblocking(true).error().sys_errno, EBADF);
  EXPECT_EQ(nothing.set_keepalive(true).error().sys_errno, EBADF);
  EXPECT_EQ(nothing.take_error().error().sys_errno, EBADF);
  EXPECT_EQ(nothing.local_addr().error().sys_errno, EBADF);
  EXPECT_EQ(nothing.peer_addr().error().sys_errno, EBADF);
}

TEST(Socket, ConnectionsInheritTheCongestionControlOfTheirListener) {
  const UniqueFd listener = must_listen(SocketAddr::localhost(0));
  ASSERT_TRUE(SocketRef(listener.get()).set_congestion("reno"));
  const Result<Endpoint> where = SocketRef(listener.get()).local_addr();
  ASSERT_TRUE(where);
  const Result<Connecting> client = begin_connect(*where);
  ASSERT_TRUE(client && wait_for(listener.get(), POLLIN));
  const UniqueFd accepted(::accept(listener.get(), nullptr, nullptr));
  EXPECT_EQ(SocketRef(accepted.get()).congestion().value_or(""), "reno");
}

TEST(Socket, ACongestionControlThatTheKernelDoesNotKnowIsAnError) {
  const UniqueFd listener = must_listen(SocketAddr::localhost(0));
  const auto before = SocketRef(listener.get()).congestion();
  const auto set = SocketRef(listener.get()).set_congestion("nosuch");
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().sys_errno, ENOENT);
  EXPECT_EQ(SocketRef(listener.get()).congestion(), before);
}

}  // namespace
}  // namespace flare::net
