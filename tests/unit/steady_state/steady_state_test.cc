// What a keep-alive request may cost once things run: counted, not timed. A program of its own, because it counts every
// allocation of the process.
#include <gtest/gtest.h>
#include <malloc.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "flare/handlers/reverse_proxy.h"
#include "flare/handlers/static_files.h"
#include "flare/http/client_connection.h"
#include "flare/http/connection_pool.h"
#include "flare/http/request_head_writer.h"
#include "flare/http/router.h"
#include "flare/http/server.h"
#include "server/config/load.h"
#include "server/site/site.h"
#include "support/temp_folder.h"

namespace {
std::atomic<std::uint64_t> allocations{0};
}  // namespace

#if FLARE_COUNT_ALLOCATIONS  // a sanitizer has an operator new of its own: the plain builds count
// Not inlined: g++ would hold the halves against each other (-Wmismatched-new-delete).
[[gnu::noinline]] void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif

namespace flare {
namespace {

constexpr std::string_view kRequest =
    "GET /plaintext?a=1 HTTP/1.1\r\nHost: www.example.com:8080\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n";
constexpr std::string_view kConfig = R"(
[listen.web]
address = "127.0.0.1:0"
[host.www]
names = ["www.example.com"]
headers = { set = { X-Frame-Options = "DENY" } }
[[host.www.route]]
path = "/plaintext"
respond = { status = 200, type = "text/plain", text = "Hello, World!" }
[[host.www.route]]
path = "/users/:id"
respond = { text = "user" }
[[host.www.route]]
path = "/rated"
rate = ["client", "key"]
respond = { status = 200, type = "text/plain", text = "Hello, World!" }
[[host.www.route]]
path = "/refused"
rate = ["once", "client"]
respond = { status = 200, text = "once" }
[rate.client]
rate = "1000000/s"
[rate.key]
key = "header:X-Key"
rate = "1000000/s"
slots = 16
[rate.once]
rate = "1/h"
[host.other]
names = ["*.example.net"]
[[host.other.route]]
path = "/**"
respond = { text = "other" }
)";

/// A blocking client that allocates nothing.
class Client {
 public:
  explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_storage native{};
    const socklen_t length = net::SocketAddr::localhost(port).to_native(native);
    if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&native), length) != 0) std::abort();
  }

  /// Sends `bytes` at once and reads until `expected` bytes came back.
  void exchange(std::string_view bytes, std::size_t expected) {
    if (::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) std::abort();
    for (std::size_t got = 0; got < expected;) {
      const ssize_t count = ::recv(fd_.get(), buffer_.data(), buffer_.size(), 0);
      if (count <= 0) std::abort();
      got += static_cast<std::size_t>(count);
    }
  }
  /// The size of one answer, which has that status.
  std::size_t probe(std::string_view bytes, std::string_view status = "200") {
    if (::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) std::abort();
    const ssize_t count = ::recv(fd_.get(), buffer_.data(), buffer_.size(), 0);
    constexpr std::string_view kVersion = "HTTP/1.1 ";
    const std::string_view answer(buffer_.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (!answer.starts_with(kVersion) || !answer.substr(kVersion.size()).starts_with(status)) std::abort();
    return answer.size();
  }

 private:
  net::UniqueFd fd_;
  std::array<char, 64 * 1024> buffer_{};
};

class SteadyState : public testing::Test {
 protected:
  SteadyState() : server_(http::Server::bind(net::SocketAddr::localhost(0))) {
    auto loaded = server::config::load_text("test.toml", std::string(kConfig));
    EXPECT_TRUE(loaded.ok()) << server::config::to_text(loaded.diagnostics);
    snapshot_ = std::make_unique<server::site::Snapshot>(std::move(loaded.config));
    http::ServeOptions options;
    options.limits.keepalive_requests = 1'000'000;
    server_.start([site = &snapshot_->site(0)](http::Request& request) { return (*site)(request); }, options);
  }
  ~SteadyState() override { EXPECT_TRUE(server_.shutdown()); }

  runtime::WorkerReport report() const { return server_.report().front(); }

  std::unique_ptr<server::site::Snapshot> snapshot_;
  http::Server server_;
};

TEST_F(SteadyState, AKeepAliveRequestCostsOneReadOneWriteAndNoAllocation) {
  constexpr std::uint64_t kRequests = 2000;
  Client client(server_.local_addr().address()->port());
  const std::size_t answer = client.probe(kRequest);
  for (int i = 0; i < 100; ++i) client.exchange(kRequest, answer);

  const runtime::WorkerReport before = report();
  const std::uint64_t allocated = allocations.load();
  for (std::uint64_t i = 0; i < kRequests; ++i) client.exchange(kRequest, answer);
  EXPECT_EQ(allocations.load() - allocated, 0U);
  const runtime::WorkerReport after = report();
  EXPECT_EQ(after.requests - before.requests, kRequests);
  EXPECT_EQ(after.receives - before.receives, kRequests);
  EXPECT_EQ(after.sends - before.sends, kRequests);
  EXPECT_EQ(after.controls - before.controls, 0U) << "no epoll_ctl in the steady state";
  EXPECT_EQ(after.would_block - before.would_block, 0U) << "no call that comes too early";
}

// A limiter remembers in what it took at the start; a key that is not known yet costs no more than one that is.
TEST_F(SteadyState, ARequestThatIsCountedAllocatesNothingPassedOrRefused) {
  std::string passed = "GET /rated HTTP/1.1\r\nHost: www.example.com\r\nX-Key: 1000\r\n\r\n";
  const std::string refused = "GET /refused HTTP/1.1\r\nHost: www.example.com\r\n\r\n";
  Client client(server_.local_addr().address()->port());
  const std::size_t answer = client.probe(passed);
  client.probe(refused);                                     // the one that passes
  const std::size_t refusal = client.probe(refused, "429");  // Retry-After stays at four digits
  const auto exchange = [&](int number) {
    passed.replace(passed.find("X-Key: ") + 7, 4, std::to_string(1000 + number));
    client.exchange(passed, answer);
    client.exchange(refused, refusal);
  };
  for (int i = 0; i < 100; ++i) exchange(i);
  const std::uint64_t allocated = allocations.load();
  for (int i = 0; i < 2000; ++i) exchange(i);
  EXPECT_EQ(allocations.load() - allocated, 0U);
}

// Files are remembered, and looked at once a second: what that costs is shared by all requests of the second.
TEST(SteadyStateFiles, ASmallFileCostsOneReadOneWriteAndNoAllocationALargerOneTwoWrites) {
  constexpr std::uint64_t kRequests = 2000;
  constexpr std::uint64_t kAllocationsOfALook = 64;
  test::TempFolder folder;
  folder.write("small.html", std::string(1024, 's'));
  folder.write("large.bin", std::string(48UL * 1024, 'l'));
  http::Server server = http::Server::bind(net::SocketAddr::localhost(0));
  http::Router router;
  router.any("/**", handlers::StaticFiles(folder.path(), {.precompressed = {"br", "gz"}}));
  http::ServeOptions options{.workers = 1};
  options.limits.keepalive_requests = 1'000'000;
  server.start(std::move(router), options);
  Client client(server.local_addr().address()->port());

  const std::string small = "GET /small.html HTTP/1.1\r\nHost: example.com\r\nAccept-Encoding: gzip, br\r\n\r\n";
  const std::size_t answer = client.probe(small);
  for (int i = 0; i < 100; ++i) client.exchange(small, answer);
  const runtime::WorkerReport before = server.report().front();
  const std::uint64_t allocated = allocations.load();
  const auto began = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < kRequests; ++i) client.exchange(small, answer);
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - began).count();
  EXPECT_LE(allocations.load() - allocated, kAllocationsOfALook * static_cast<std::uint64_t>(seconds));
  const runtime::WorkerReport after = server.report().front();
  EXPECT_EQ(after.receives - before.receives, kRequests);
  EXPECT_EQ(after.sends - before.sends, kRequests);
  EXPECT_EQ(after.would_block - before.would_block, 0U);

  const std::string large = "GET /large.bin HTTP/1.1\r\nHost: example.com\r\n\r\n";
  client.exchange(large, 48UL * 1024 + 100);
  const runtime::WorkerReport first = server.report().front();
  EXPECT_EQ(first.sends - after.sends, 2U) << "head, then sendfile";
  EXPECT_TRUE(server.shutdown());
}

// What waits for another server takes its memory from pools.
TEST_F(SteadyState, AProxiedRequestCostsTwoWritesAndNoAllocation) {
  constexpr std::uint64_t kRequests = 2000;
  handlers::UpstreamOptions upstream;
  upstream.servers.push_back({.address = server_.local_addr().to_string()});
  upstream.keepalive.requests = 1'000'000;
  http::Server proxy = http::Server::bind(net::SocketAddr::localhost(0));
  http::Router router;
  router.any("/**", handlers::ReverseProxy(std::make_shared<handlers::UpstreamPool>(upstream)));
  http::ServeOptions options{.workers = 1};
  options.limits.keepalive_requests = 1'000'000;
  proxy.start(std::move(router), options);
  Client client(proxy.local_addr().address()->port());
  const std::size_t answer = client.probe(kRequest);
  for (int i = 0; i < 100; ++i) client.exchange(kRequest, answer);

  const runtime::WorkerReport before = proxy.report().front();
  const std::uint64_t allocated = allocations.load();
  for (std::uint64_t i = 0; i < kRequests; ++i) client.exchange(kRequest, answer);
  EXPECT_EQ(allocations.load() - allocated, 0U);
  const runtime::WorkerReport after = proxy.report().front();
  EXPECT_EQ(after.requests - before.requests, kRequests);
  EXPECT_EQ(after.sends - before.sends, 2 * kRequests);
  // Two for a request; one more for a connection that lay idle for a while, where the machine is busy.
  EXPECT_LT(after.receives - before.receives, 2 * kRequests + kRequests / 4);
  EXPECT_EQ(after.controls - before.controls, 0U) << "no epoll_ctl in the steady state";
  EXPECT_TRUE(proxy.shutdown());
}

// Content that comes late is gathered in memory of the connection's own: not for longer than the request lasts.
TEST(SteadyStateIdle, AConnectionThatHadContentHoldsNoneOfIt) {
  constexpr std::size_t kConnections = 200;
  http::Server server = http::Server::bind(net::SocketAddr::localhost(0));
  http::Router router;
  router.post("/", [](const http::Request& request) { return http::ok(std::string(request.body())); });
  server.start(std::move(router), {.workers = 1});
  constexpr std::string_view kHead = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
  std::vector<std::unique_ptr<Client>> clients;
  for (std::size_t i = 0; i < kConnections; ++i)
    clients.push_back(std::make_unique<Client>(server.local_addr().address()->port()));
  const auto ask_all = [&] {
    for (const auto& each : clients) {
      each->probe(kHead, "100");
      each->probe("hello");
    }
  };
  ask_all();
  const std::size_t before = ::mallinfo2().uordblks;
  for (int i = 0; i < 3; ++i) ask_all();
  EXPECT_LT(::mallinfo2().uordblks, before + 1024 * kConnections);
  EXPECT_LT(before / kConnections, 32UL * 1024 + sizeof(Client));
  EXPECT_TRUE(server.shutdown());
}

/// An upstream's end of a connection.
runtime::Task<void> answer_requests(runtime::Worker& worker, net::UniqueFd fd, int requests) {
  tcp::TcpStream stream(worker, std::move(fd));
  std::array<char, 1024> request{};
  for (int i = 0; i < requests; ++i) {
    static_cast<void>(co_await stream.read(request));
    static_cast<void>(co_await stream.write_all(
        "HTTP/1.1 200 OK\r\nServer: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
  }
}

using Upstream = http::ClientConnection<tcp::TcpStream>;
using UpstreamPool = http::ConnectionPool<Upstream>;

runtime::Task<void> ask_upstream(UpstreamPool& pool, int warm_up, int requests, std::uint64_t& allocated) {
  const std::array<http::Field, 1> fields{http::Field{"Accept", "*/*"}};
  io::Buffer output(1024);
  for (int i = 0; i < warm_up + requests; ++i) {
    if (i == warm_up) allocated = allocations.load();
    UpstreamPool::Lease connection = pool.take();
    if (!connection) std::abort();
    connection->begin(http::Method::kGet, {});
    output.clear();
    http::append_request_head(output, {.method = "GET", .target = "/", .host = "example.com", .fields = fields});
    const io::Pieces head(output.view());
    const auto sent = co_await connection->send(head);
    const auto received = co_await connection->receive_head();
    const auto content = co_await connection->next();
    if (!sent || !received || content.value_or("") != "hello") std::abort();
    if (!connection->is_complete() || !connection->finish()) std::abort();
    if (i + 1 == warm_up + requests)
      allocated = allocations.load() - allocated;  // before the server's end is dealt with
    pool.put(std::move(connection));
  }
}

TEST(SteadyStateUpstream, AnExchangeOnAPooledConnectionCostsOneSendOneReceiveAndNoAllocation) {
  constexpr int kWarmUp = 100;
  constexpr int kRequests = 2000;
  runtime::Worker worker;
  io::BufferPool buffers(64UL * 1024);
  UpstreamPool pool(worker, {});
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
  pool.put(UpstreamPool::Lease::make(worker, buffers, worker, net::UniqueFd(ends[0])));
  std::uint64_t allocated = 0;
  worker.spawn(answer_requests(worker, net::UniqueFd(ends[1]), kWarmUp + kRequests));
  worker.spawn(ask_upstream(pool, kWarmUp, kRequests, allocated));
  while (worker.active_tasks() != 0) worker.run_once(std::chrono::milliseconds(1000));
  EXPECT_EQ(allocated, 0U);
  const auto& counters = worker.counters();
  EXPECT_EQ(counters.sends.value(), 2U * (kWarmUp + kRequests)) << "one at each end";
  EXPECT_EQ(counters.controls.value(), 2U);
}

TEST_F(SteadyState, SixteenPipelinedRequestsLeaveWithOneWrite) {
  constexpr std::uint64_t kTurns = 500;
  constexpr std::uint64_t kDepth = 16;
  Client client(server_.local_addr().address()->port());
  const std::size_t answer = client.probe(kRequest);
  std::string batch;
  for (std::uint64_t i = 0; i < kDepth; ++i) batch += kRequest;
  for (int i = 0; i < 10; ++i) client.exchange(batch, answer * kDepth);

  const runtime::WorkerReport before = report();
  for (std::uint64_t i = 0; i < kTurns; ++i) client.exchange(batch, answer * kDepth);
  const runtime::WorkerReport after = report();
  EXPECT_EQ(after.requests - before.requests, kTurns * kDepth);
  EXPECT_EQ(after.sends - before.sends, kTurns);
  EXPECT_EQ(after.receives - before.receives, kTurns);
  EXPECT_EQ(after.controls - before.controls, 0U);
}

TEST_F(SteadyState, AConnectionForOneRequestIsNeverRegistered) {
  const std::string request = "GET /plaintext HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n";
  const runtime::WorkerReport before = report();
  constexpr std::uint64_t kConnections = 50;
  for (std::uint64_t i = 0; i < kConnections; ++i) {
    Client client(server_.local_addr().address()->port());
    client.probe(request);
  }
  const runtime::WorkerReport after = report();
  const std::uint64_t registered = after.controls - before.controls;
  EXPECT_EQ(after.connections - before.connections, kConnections);
  EXPECT_EQ(after.sends - before.sends, kConnections);
  // A request that was not there yet when its connection was accepted has to be waited for: two calls more, no others.
  EXPECT_EQ(after.receives - before.receives, kConnections + registered);
  EXPECT_EQ(after.would_block - before.would_block, registered);
}

}  // namespace
}  // namespace flare
