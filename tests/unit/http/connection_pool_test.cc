#include "flare/http/connection_pool.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <vector>

#include "flare/http/client_connection.h"
#include "flare/runtime/worker.h"
#include "flare/tcp/tcp_stream.h"

namespace flare::http {
namespace {

using runtime::Task;
using std::chrono::milliseconds;
using Client = ClientConnection<tcp::TcpStream>;
using Pool = ConnectionPool<Client>;

class ConnectionPoolTest : public testing::Test {
 protected:
  /// A new connection; the server's end of it is at the back of `servers`.
  Pool::Lease connect() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0) std::abort();
    servers.emplace_back(ends[1]);
    return Pool::Lease::make(worker, buffers, worker, net::UniqueFd(ends[0]));
  }
  /// Lets what has happened be noticed.
  void turn() { worker.run_once(milliseconds(0)); }

  runtime::Worker worker;
  io::BufferPool buffers{64 * 1024};
  std::vector<net::UniqueFd> servers;
};

TEST_F(ConnectionPoolTest, GivesTheOneThatCameBackLast) {
  Pool pool(worker, {});
  EXPECT_FALSE(pool.take());
  auto first = connect();
  auto second = connect();
  EXPECT_FALSE(first.is_reused());
  Client* const last = &*second;
  pool.put(std::move(first));
  pool.put(std::move(second));
  EXPECT_EQ(pool.idle(), 2U);
  auto taken = pool.take(Pool::Look::kAlways);
  EXPECT_EQ(&*taken, last);
  EXPECT_TRUE(taken.is_reused());
  EXPECT_EQ(pool.idle(), 1U);
}

TEST_F(ConnectionPoolTest, ComingAndGoingCostsNoRegistration) {
  Pool pool(worker, {});
  pool.put(connect());
  const auto controls = worker.counters().controls.value();
  const auto receives = worker.counters().receives.value();
  for (int i = 0; i < 10; ++i) {
    turn();
    auto lease = pool.take();
    ASSERT_TRUE(lease);
    pool.put(std::move(lease));
  }
  EXPECT_EQ(worker.counters().controls.value(), controls);
  EXPECT_LE(worker.counters().receives.value() - receives, 10U) << "at most the look at a stale one";
}

TEST_F(ConnectionPoolTest, OneThatItsServerClosesIsClosedAtOnce) {
  Pool pool(worker, {});
  pool.put(connect());
  pool.put(connect());
  servers.front().reset();
  turn();
  EXPECT_EQ(pool.idle(), 1U);
  servers.back().reset();
  turn();
  EXPECT_EQ(pool.idle(), 0U);
  EXPECT_FALSE(pool.take());
}

TEST_F(ConnectionPoolTest, OneThatSpeaksWithoutBeingAskedIsClosedAtOnce) {
  Pool pool(worker, {});
  pool.put(connect());
  turn();
  ASSERT_EQ(::send(servers.front().get(), "H", 1, MSG_NOSIGNAL), 1);
  turn();
  EXPECT_EQ(pool.idle(), 0U);
}

TEST_F(ConnectionPoolTest, ALookFindsWhatNoEventHasToldYet) {
  Pool pool(worker, {});
  pool.put(connect());
  turn();
  servers.front().reset();
  EXPECT_FALSE(pool.take(Pool::Look::kAlways));
}

TEST_F(ConnectionPoolTest, WhatArrivedBeforeItCameBackIsSeen) {
  Pool pool(worker, {});
  auto spoken = connect();
  auto closed = connect();
  ASSERT_EQ(::send(servers.front().get(), "H", 1, MSG_NOSIGNAL), 1);
  servers.back().reset();
  pool.put(std::move(spoken));
  pool.put(std::move(closed));
  turn();
  EXPECT_EQ(pool.idle(), 0U);
}

TEST_F(ConnectionPoolTest, AtMostSoManyAreIdleTheOldestGoes) {
  Pool pool(worker, {.max_idle = 2});
  for (int i = 0; i < 3; ++i) pool.put(connect());
  EXPECT_EQ(pool.idle(), 2U);
  char byte = 0;
  EXPECT_EQ(::recv(servers.front().get(), &byte, 1, 0), 0) << "closed";
  EXPECT_EQ(::recv(servers.back().get(), &byte, 1, 0), -1) << "open";
  Pool none(worker, {.max_idle = 0});
  none.put(connect());
  EXPECT_EQ(none.idle(), 0U);
}

TEST_F(ConnectionPoolTest, AfterSoManyExchangesItIsClosed) {
  Pool pool(worker, {.requests = 2});
  pool.put(connect());
  auto lease = pool.take();
  ASSERT_TRUE(lease);
  pool.put(std::move(lease));
  EXPECT_EQ(pool.idle(), 0U);
}

TEST_F(ConnectionPoolTest, WhatIsTooOldIsNotUsedAgain) {
  Pool pool(worker, {.age = milliseconds(0)});
  pool.put(connect());
  EXPECT_EQ(pool.idle(), 0U);
}

Task<void> wait_until_idle_is_over(runtime::Worker& worker) { co_await worker.sleep(milliseconds(200)); }
TEST_F(ConnectionPoolTest, UnusedForTooLongItIsClosed) {
  Pool pool(worker, {.idle = milliseconds(20)});
  pool.put(connect());
  auto used = connect();
  worker.spawn(wait_until_idle_is_over(worker));
  while (worker.active_tasks() != 0) worker.run_once(milliseconds(1000));
  EXPECT_EQ(pool.idle(), 0U);
  pool.put(std::move(used));
  EXPECT_EQ(pool.idle(), 1U);
}

TEST_F(ConnectionPoolTest, ALeaseThatIsNotGivenBackClosesAndOutlivesThePool) {
  Pool::Lease lease;
  {
    Pool pool(worker, {});
    pool.put(connect());
    pool.put(connect());
    lease = pool.take();
  }
  char byte = 0;
  EXPECT_EQ(::recv(servers.front().get(), &byte, 1, 0), 0) << "idle ones end with the pool";
  EXPECT_EQ(::recv(servers.back().get(), &byte, 1, 0), -1);
  lease = {};
  EXPECT_EQ(::recv(servers.back().get(), &byte, 1, 0), 0);
}

/// A server's end that answers each request at once.
Task<void> answer_all(runtime::Worker& worker, net::UniqueFd fd, std::size_t requests) {
  tcp::TcpStream stream(worker, std::move(fd));
  std::array<char, 1024> request{};
  for (std::size_t i = 0; i < requests; ++i) {
    const auto read = co_await stream.read(request);
    EXPECT_TRUE(read);
    const auto written = co_await stream.write_all("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    EXPECT_TRUE(written);
  }
}
Task<void> ask_all(Pool& pool, Pool::Lease lease, std::size_t requests, std::size_t& answered) {
  pool.put(std::move(lease));
  for (std::size_t i = 0; i < requests; ++i) {
    Pool::Lease taken = pool.take();
    EXPECT_TRUE(taken);
    if (!taken) co_return;
    taken->begin(Method::kGet, {});
    const io::Pieces head("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto sent = co_await taken->send(head);
    EXPECT_TRUE(sent);
    const auto received = co_await taken->receive_head();
    EXPECT_TRUE(received);
    const auto content = taken->try_next();
    EXPECT_EQ(content.value_or(""), "ok");
    EXPECT_TRUE(taken->is_complete());
    if (!taken->finish()) co_return;
    pool.put(std::move(taken));
    ++answered;
  }
}

TEST_F(ConnectionPoolTest, AnExchangeCostsOneSendOneReceiveAndNoRegistration) {
  constexpr std::size_t kRequests = 50;
  Pool pool(worker, {});
  auto lease = connect();
  std::size_t answered = 0;
  worker.spawn(answer_all(worker, std::move(servers.front()), kRequests));
  worker.spawn(ask_all(pool, std::move(lease), kRequests, answered));
  while (worker.active_tasks() != 0) worker.run_once(milliseconds(1000));
  EXPECT_EQ(answered, kRequests);
  const auto& counters = worker.counters();
  EXPECT_EQ(counters.controls.value(), 2U) << "one for each end";
  EXPECT_EQ(counters.sends.value(), 2 * kRequests);
  EXPECT_LE(counters.receives.value(), 2 * kRequests + 8) << "some come too early at first, or look";
}

}  // namespace
}  // namespace flare::http
