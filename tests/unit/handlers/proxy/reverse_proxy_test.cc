#include "flare/handlers/reverse_proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <coroutine>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "flare/net/socket.h"
#include "flare/tcp/tcp_listener.h"
#include "tests/support/parsed_request.h"

namespace flare::handlers {
namespace {

using http::Response;
using runtime::Task;
using runtime::Worker;
using std::chrono::milliseconds;
using test::ParsedRequest;
using testing::ElementsAre;
using testing::StartsWith;

/// Whoever awaits it goes on once it is open.
struct Gate {
  [[nodiscard]] bool await_ready() const noexcept { return is_open; }
  void await_suspend(std::coroutine_handle<> who) noexcept { waiting = who; }
  void await_resume() const noexcept {}
  void open() {
    is_open = true;
    if (waiting) std::exchange(waiting, {}).resume();
  }
  bool is_open = false;
  std::coroutine_handle<> waiting;
};

/// What the server does when it has received a request.
struct Turn {
  std::vector<std::string> answer;  ///< each piece but the first waits for the gate
  bool close = false;
};

/// A server, and what it saw.
struct Stage {
  std::vector<std::vector<Turn>> script;  ///< for each connection, the answers in order
  std::vector<std::string> requests;
  std::size_t connections = 0;
  std::size_t ended = 0;  ///< connections that the other side closed
  Gate gate;
};

Task<Result<std::string>> receive_request(tcp::TcpStream& stream) {
  std::string request;
  std::array<char, 4096> piece{};
  for (;;) {
    const bool chunked = request.find("Transfer-Encoding: chunked\r\n") != std::string::npos;
    if (request.ends_with(chunked ? "\r\n0\r\n\r\n" : "\r\n\r\n")) co_return request;
    const auto count = co_await stream.read(piece);
    if (!count) co_return std::unexpected(count.error());
    request.append(piece.data(), *count);
  }
}

Task<void> serve_one(tcp::TcpStream stream, std::vector<Turn> turns, Stage& stage) {
  for (const Turn& turn : turns) {
    auto request = co_await receive_request(stream);
    if (!request) break;
    stage.requests.push_back(std::move(*request));
    for (std::size_t i = 0; i < turn.answer.size(); ++i) {
      if (i != 0) co_await stage.gate;
      const auto sent = co_await stream.write_all(turn.answer[i]);
      EXPECT_TRUE(sent);
    }
    if (turn.close) co_return;
  }
  std::array<char, 1> more{};
  const auto rest = co_await stream.read(more);
  EXPECT_FALSE(rest) << "more requests than the script has answers";
  ++stage.ended;
}

Task<void> serve(tcp::TcpListener& listener, Worker& worker, Stage& stage) {
  for (const std::vector<Turn>& turns : stage.script) {
    auto accepted = co_await listener.accept();
    if (!accepted) co_return;
    ++stage.connections;
    worker.spawn(serve_one(std::move(accepted->stream), turns, stage));
  }
}

/// What came of a request.
struct Got {
  Response response;
  std::vector<std::string> pieces;
  std::optional<Error> broken;
  std::string text;
  [[nodiscard]] std::string body() const {
    std::string all = text;
    for (const std::string& piece : pieces) all.append(piece);
    return all;
  }
};

Task<Got> ask(const ReverseProxy& proxy, http::Request& request, Gate& after_first) {
  http::Reply reply = proxy(request);
  Got got;
  if (Response* const now = reply.now()) {
    got.response = std::move(*now);
  } else {
    got.response = co_await std::move(*reply.later());
  }
  got.text = got.response.body.bytes();
  http::BodySource* const source = got.response.body.source();
  if (source == nullptr || request.method() == http::Method::kHead) co_return got;
  for (;;) {
    const auto piece = co_await source->next();
    if (!piece) got.broken = piece.error();
    if (!piece || piece->empty()) co_return got;
    got.pieces.emplace_back(*piece);
    after_first.open();
  }
}

/// One after the other.
Task<void> ask_all(Worker& worker, const ReverseProxy& proxy, std::vector<http::Request*> requests, Gate& after_first,
                   std::vector<Got>& out) {
  co_await worker.yield();  // into the worker's run, where handlers are called
  for (http::Request* const request : requests) {
    Got got = co_await ask(proxy, *request, after_first);
    out.push_back(std::move(got));
  }
}

/// Of one sticky server.
std::shared_ptr<UpstreamPool> sticky_pool(const net::Endpoint& where) {
  UpstreamOptions options;
  options.servers.push_back({.address = where.to_string()});
  options.sticky = StickyOptions{.cookie = "at"};
  options.connect.timeout = milliseconds(100);
  return std::make_shared<UpstreamPool>(std::move(options));
}

/// Listens, but has no room for another connection: one more is on its way for ever.
class FullServer {
 public:
  FullServer() {
    for (int i = 0; i < 4; ++i) clients_.push_back(*net::begin_connect(where));
  }

 private:
  net::UniqueFd listener_ = *net::listen_on(net::SocketAddr::localhost(0), {.backlog = 0});
  std::vector<net::Connecting> clients_;

 public:
  net::Endpoint where = *net::SocketRef(listener_.get()).local_addr();
};

class ReverseProxyTest : public testing::Test {
 protected:
  void turn_until(const std::function<bool()>& done) {
    for (int turns = 0; !done() && turns < 1'000; ++turns) worker.run_once(milliseconds(100));
    EXPECT_TRUE(done());
  }
  /// Asks, and while that waits, as `asked` tells, the pool drops its server, which another request finds out.
  Got drop_meanwhile(const std::shared_ptr<UpstreamPool>& pool, const std::function<bool()>& asked) {
    const ReverseProxy proxy(pool);
    ParsedRequest first("GET", "/");
    ParsedRequest second("GET", "/");
    std::vector<Got> out;
    std::vector<Got> other;
    Gate nobody;
    worker.spawn(ask_all(worker, proxy, {&first.get()}, nobody, out));
    turn_until(asked);
    pool->set_members({});
    worker.spawn(ask_all(worker, proxy, {&second.get()}, nobody, other));
    turn_until([&] { return !other.empty(); });
    EXPECT_EQ(other.front().response.why, Reason::kNoUpstream);
    stage.gate.open();
    turn_until([&] { return !out.empty(); });
    EXPECT_EQ(first->upstream(), pool->options().servers.front().address);
    return std::move(out.front());
  }
  /// On a thread of its own: what a thread keeps of an upstream ends with it, and before the worker.
  std::vector<Got> play(std::vector<http::Request*> requests, ProxyOptions options = {}) {
    std::vector<Got> out;
    std::thread([&] {
      auto listener = tcp::TcpListener::bind(worker, net::SocketAddr::localhost(0));
      if (!listener) std::abort();
      const net::Endpoint where = *listener->local_addr();
      if (stage.script.empty()) listener->close();
      if (!stage.script.empty()) worker.spawn(serve(*listener, worker, stage));
      const ReverseProxy proxy(where, std::move(options));
      const std::size_t many = requests.size();
      worker.spawn(ask_all(worker, proxy, std::move(requests), stage.gate, out));
      for (int turns = 0; out.size() != many && turns < 10'000; ++turns) worker.run_once(milliseconds(1000));
      EXPECT_EQ(out.size(), many);
      for (Got& got : out) got.response.body = {};  // on this thread
      listener->close();
    }).join();
    return out;
  }

  Worker worker;
  Stage stage;
};

const Turn kOk{.answer = {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Kept: 1\r\n\r\nhello"}};
const Turn kOther{.answer = {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nworld"}};
const Turn kCloses{.close = true};

TEST_F(ReverseProxyTest, AsksTwiceOnOneConnection) {
  stage.script = {{kOk, kOther}};
  ParsedRequest first("GET", "/a?b");
  ParsedRequest second("GET", "/c");
  const auto got = play({&first.get(), &second.get()});
  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(got[0].body(), "hello");
  EXPECT_EQ(got[0].response.headers.get("X-Kept"), "1");
  EXPECT_EQ(got[1].body(), "world");
  EXPECT_EQ(stage.connections, 1U);
  EXPECT_THAT(stage.requests,
              ElementsAre(StartsWith("GET /a?b HTTP/1.1\r\nHost: example.com\r\n"), StartsWith("GET /c ")));
}

TEST_F(ReverseProxyTest, RepeatsWhatAClosedConnectionCannotHaveDone) {
  stage.script = {{kOk, kCloses}, {kOther}};
  ParsedRequest first("GET", "/");
  ParsedRequest second("GET", "/");
  const auto got = play({&first.get(), &second.get()});
  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(got[1].body(), "world");
  EXPECT_EQ(stage.requests.size(), 3U);
}

TEST_F(ReverseProxyTest, AnAnswerThatBreaksOffIsBroken) {
  stage.script = {{{.answer = {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"}, .close = true}}};
  ParsedRequest request("GET", "/");
  const auto got = play({&request.get()});
  ASSERT_EQ(got.size(), 1U);
  ASSERT_TRUE(got[0].broken);
  EXPECT_EQ(got[0].broken->reason, Reason::kUpstreamClosed);
}

TEST_F(ReverseProxyTest, NobodyThereIsABadGateway) {
  ParsedRequest request("GET", "/");
  const auto got = play({&request.get()});
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].response.status, http::Status::kBadGateway);
  EXPECT_EQ(got[0].response.why, Reason::kUpstreamConnect);
}

TEST_F(ReverseProxyTest, AServerThatIsDroppedMeanwhileIsStillNamed) {
  stage.script = {{{.answer = {"", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"}, .close = true}}};
  std::thread([&] {
    auto listener = tcp::TcpListener::bind(worker, net::SocketAddr::localhost(0));
    if (!listener) std::abort();
    worker.spawn(serve(*listener, worker, stage));
    const Got got = drop_meanwhile(sticky_pool(*listener->local_addr()), [&] { return !stage.requests.empty(); });
    EXPECT_EQ(got.body(), "hello");
    EXPECT_THAT(std::string(got.response.headers.get("Set-Cookie").value_or("")), StartsWith("at="));
  }).join();
}

TEST_F(ReverseProxyTest, AServerThatIsDroppedWhileItIsConnectedToIsStillNamed) {
  std::thread([&] {
    const FullServer full;
    const auto pool = sticky_pool(full.where);
    const auto connecting = [&] { return pool->members().front().server->in_flight.load() != 0; };
    const Got got = drop_meanwhile(pool, connecting);
    EXPECT_EQ(got.response.status, http::Status::kGatewayTimeout);
    EXPECT_EQ(got.response.why, Reason::kUpstreamConnectTimeout);
  }).join();
}

}  // namespace
}  // namespace flare::handlers
