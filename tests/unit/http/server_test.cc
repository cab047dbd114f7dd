#include "flare/http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <numeric>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>

#include "flare/base/exception.h"
#include "flare/http/transfer_pace.h"
#include "tests/support/temp_folder.h"

namespace flare::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

/// A client that blocks, at most five seconds.
class Client {
 public:
  explicit Client(const net::Endpoint& where) : socket_(::socket(where.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_storage native{};
    const socklen_t length = where.to_native(native);
    EXPECT_TRUE(net::SocketRef(socket_.get()).set_recv_timeout(std::chrono::milliseconds(5000)));
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&native), length), 0);
  }
  void send(std::string_view bytes) {
    EXPECT_EQ(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  /// Until `end` has come, or the end of the connection.
  std::string receive(std::string_view end) {
    std::string got;
    std::array<char, 1024> piece{};
    while (end.empty() || !got.ends_with(end)) {
      const ssize_t count = ::recv(socket_.get(), piece.data(), piece.size(), 0);
      EXPECT_GE(count, 0) << "nothing more within five seconds after: " << got;
      if (count <= 0) break;
      got.append(piece.data(), static_cast<std::size_t>(count));
    }
    return got;
  }
  std::string receive_all() { return receive(""); }
  bool has_input(std::chrono::milliseconds wait) {
    pollfd waiting{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&waiting, 1, static_cast<int>(wait.count())) > 0;
  }
  void reset_on_close() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    EXPECT_EQ(::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
  }

 private:
  net::UniqueFd socket_;
};

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n";
constexpr std::string_view kGetAndClose = "GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n";

Response hello(const Request&) { return ok("hello"); }

TEST(Server, ServesManyConnectionsOnTwoWorkersAndAddsUpWhatTheyDid) {
  Server server = Server::bind(net::SocketAddr::localhost(0));
  ASSERT_NE(server.local_addr().address()->port(), 0);
  EXPECT_TRUE(server.report().empty());
  server.start(hello, {.workers = 2, .server = "test"});
  constexpr int kClients = 20;
  for (int i = 0; i < kClients; ++i) {
    Client client(server.local_addr());
    for (int request = 0; request < 3; ++request) {
      client.send(kGet);
      const std::string answer = client.receive("hello");
      EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\nServer: test\r\nDate: "));
    }
    client.send(kGetAndClose);
    EXPECT_THAT(client.receive_all(), EndsWith("hello"));
  }
  EXPECT_TRUE(server.shutdown());
  const auto reports = server.report();
  ASSERT_EQ(reports.size(), 2U);
  EXPECT_EQ(reports[0].requests + reports[1].requests, 4U * kClients);
  EXPECT_EQ(reports[0].accepts + reports[1].accepts, std::uint64_t{kClients});
  EXPECT_TRUE(reports[0].drained && reports[1].drained);
}

/// Tells when a request with content has arrived, and answers when its content has.
struct Echo {
  std::binary_semaphore* arrived;
  Handler echo = Handler([](const Request& request) { return ok(std::string(request.body())); });

  Reply operator()(Request& request) const {
    if (request.has_content()) arrived->release();
    return echo(request);
  }
};

TEST(Server, AShutdownFinishesTheRequestInProgressAndEndsIdleConnections) {
  Server server = Server::bind(net::SocketAddr::localhost(0));
  std::binary_semaphore arrived(0);
  server.start(Echo{&arrived});
  Client idle(server.local_addr());
  idle.send(kGet);
  EXPECT_THAT(idle.receive("\r\n\r\n"), HasSubstr("Content-Length: 0"));
  Client busy(server.local_addr());
  busy.send("POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 8\r\n\r\nfirs");
  arrived.acquire();

  bool complete = false;
  std::thread ending([&] { complete = server.shutdown(); });
  EXPECT_EQ(idle.receive_all(), "") << "closed: the drain has begun";
  busy.send("t...");
  const std::string answer = busy.receive_all();
  ending.join();
  EXPECT_TRUE(complete);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nfirst..."));
}

TEST(Server, AShutdownCutsOffWhatTakesLongerThanTheDrainTimeout) {
  Server server = Server::bind(net::SocketAddr::localhost(0));
  std::binary_semaphore arrived(0);
  server.start(Echo{&arrived}, {.drain_timeout = std::chrono::milliseconds(50)});
  Client stuck(server.local_addr());
  stuck.send("POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 8\r\n\r\n");
  arrived.acquire();
  EXPECT_FALSE(server.shutdown());
  const auto reports = server.report();
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_FALSE(reports[0].drained);
}

/// Waits an hour for nothing, unless its client leaves first.
struct Waits {
  std::binary_semaphore* entered;
  std::binary_semaphore* left;
  runtime::Task<Response> operator()(const Request& request) const {
    entered->release();
    const bool slept = co_await runtime::Worker::current().sleep(std::chrono::hours(1), request.cancellation());
    left->release();
    co_return ok(slept ? "slept" : "nobody reads this");
  }
};

TEST(Server, H_20_AHandlerHearsThatItsClientHasLeft) {
  for (const bool reset : {false, true}) {
    Server server = Server::bind(net::SocketAddr::localhost(0));
    std::binary_semaphore entered(0);
    std::binary_semaphore left(0);
    server.start(Waits{&entered, &left});
    {
      Client client(server.local_addr());
      if (reset) client.reset_on_close();
      client.send(kGet);
      entered.acquire();
    }
    EXPECT_TRUE(left.try_acquire_for(std::chrono::seconds(5)));
    EXPECT_TRUE(server.shutdown());
  }
}

TEST(Server, L_2_ContentThatDribblesIs408) {
  Server server = Server::bind(net::SocketAddr::localhost(0));
  std::binary_semaphore arrived(0);
  server.start(Echo{&arrived}, {.limits = {.body_idle = std::chrono::milliseconds(2000), .min_rate = 1'000'000}});
  Client dribbles(server.local_addr());
  Client stalls(server.local_addr());
  for (Client* const each : {&dribbles, &stalls})
    each->send("POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 1000000\r\n\r\n");
  const auto begun = std::chrono::steady_clock::now();
  while (!dribbles.has_input(std::chrono::milliseconds(50))) {
    dribbles.send("x");
    ASSERT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(30));
  }
  EXPECT_THAT(dribbles.receive_all(), StartsWith("HTTP/1.1 408"));
  EXPECT_GE(std::chrono::steady_clock::now() - begun, TransferPace::kGrace);
  EXPECT_THAT(stalls.receive_all(), StartsWith("HTTP/1.1 408"));  // body_idle
  EXPECT_TRUE(server.shutdown());
}

/// A client that was served; the place of one who has just left may take a moment to be free.
Client admitted(const Server& server) {
  for (int attempt = 0; attempt < 1000; ++attempt) {
    Client client(server.local_addr());
    client.send(kGet);
    if (client.receive("hello").starts_with("HTTP/1.1 200")) return client;
  }
  throw std::runtime_error("places do not come back");
}

TEST(Server, L_3_ConnectionsBeyondTheLimitAreToldAndPlacesComeBack) {
  struct Case {
    Limits limits;
    std::string_view refusal;
  };
  const Case cases[] = {{{.connections = 2}, "HTTP/1.1 503 Service Unavailable\r\n"},
                        {{.per_ip = 2}, "HTTP/1.1 429 Too Many Requests\r\n"}};
  for (const Case& each : cases) {
    Server server = Server::bind(net::SocketAddr::localhost(0));
    server.start(hello, {.workers = 2, .limits = each.limits});
    for (int round = 0; round < 20; ++round) {
      Client first = admitted(server);
      Client second = admitted(server);
      Client third(server.local_addr());
      third.send(kGet);
      const std::string refusal = third.receive_all();
      EXPECT_THAT(refusal, StartsWith(each.refusal));
      EXPECT_THAT(refusal, HasSubstr("Retry-After: 1\r\n"));
      EXPECT_THAT(refusal, HasSubstr("Connection: close\r\n"));
      first.send(kGetAndClose);
      second.send(kGetAndClose);
      first.receive_all();
      second.receive_all();
    }
    EXPECT_TRUE(server.shutdown());
  }
}

TEST(Server, ServeReturnsWhenAnotherThreadShutsDown) {
  Server server = Server::bind(net::SocketAddr::localhost(0));
  const net::Endpoint where = server.local_addr();
  std::binary_semaphore arrived(0);
  std::thread ending([&] {
    Client client(where);  // queued until the workers are there: an answer means that serve() is under way
    client.send(kGetAndClose);
    EXPECT_THAT(client.receive_all(), EndsWith("hello"));
    EXPECT_TRUE(server.shutdown());
  });
  server.serve(hello);
  ending.join();
}

TEST(Server, AnAddressInUseThrows) {
  const Server first = Server::bind(net::SocketAddr::localhost(0));
  try {
    static_cast<void>(Server::bind(first.local_addr()));
    FAIL() << "bound twice";
  } catch (const AddressInUse& exception) {
    EXPECT_THAT(exception.what(), HasSubstr(first.local_addr().to_string()));
  }
}

TEST(Server, AnAddressOfAReusePortGroupIsInUseToo) {
  const auto group = net::listen_group(net::SocketAddr::localhost(0), {}, 2);
  ASSERT_TRUE(group);
  const auto where = net::SocketRef(group->front().get()).local_addr();
  EXPECT_THROW(static_cast<void>(Server::bind(*where)), AddressInUse);
}

TEST(Server, ServesAUnixSocketWithTwoWorkers) {
  const test::TempFolder folder;
  const net::UnixPath path{(folder / "socket").string()};
  Server server = Server::bind(path);
  EXPECT_EQ(server.local_addr(), net::Endpoint(path));
  server.start(hello, {.workers = 2});
  for (int i = 0; i < 10; ++i) {
    Client client(server.local_addr());
    client.send(kGetAndClose);
    EXPECT_THAT(client.receive_all(), EndsWith("hello"));
  }
  EXPECT_THROW(static_cast<void>(Server::bind(path)), AddressInUse);
  EXPECT_TRUE(server.shutdown());
  EXPECT_EQ(server.report()[0].requests + server.report()[1].requests, 10U);
}

}  // namespace
}  // namespace flare::http
