#include "flare/ws/reconnect.h"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "flare/runtime/block_on.h"
#include "tests/unit/ws/peer.h"

namespace flare::ws::test {
namespace {

using runtime::Task;
using std::chrono::milliseconds;

constexpr Reconnect kFast{.first = milliseconds(1), .most = milliseconds(1000)};

TEST(ReconnectDelay, IsARandomPartOfWhatDoubles) {
  const Reconnect options{.first = milliseconds(500), .most = milliseconds(30'000)};
  struct Case {
    std::size_t failures;
    std::uint32_t word;
    int delay;
  };
  for (const auto& [failures, word, delay] : {
           Case{0, 0, 0},
           Case{0, 0x80000000, 250},
           Case{0, 0xFFFFFFFF, 500},
           Case{1, 0, 0},
           Case{1, 0x40000000, 250},
           Case{1, 0xFFFFFFFF, 1000},
           Case{2, 0xFFFFFFFF, 2000},
           Case{5, 0xFFFFFFFF, 16'000},
           Case{6, 0xFFFFFFFF, 30'000},
           Case{7, 0x80000000, 15'000},
           Case{SIZE_MAX, 0xFFFFFFFF, 30'000},
       }) {
    EXPECT_EQ(reconnect_delay(options, failures, word).count(), delay) << failures << ' ' << word;
  }
}

TEST(ReconnectDelay, KeepsItsBoundsWhateverTheyAre) {
  constexpr auto kAll = 0xFFFFFFFFU;
  EXPECT_EQ(reconnect_delay({.first = milliseconds(0), .most = milliseconds(100)}, SIZE_MAX, kAll).count(), 0);
  EXPECT_EQ(reconnect_delay({.first = milliseconds(500), .most = milliseconds(100)}, 0, kAll).count(), 100);
  EXPECT_EQ(reconnect_delay({.first = milliseconds(1), .most = milliseconds(0)}, 9, kAll).count(), 0);
  const std::chrono::milliseconds year = std::chrono::hours(24 * 365);
  const auto long_pause = reconnect_delay({.first = milliseconds(1), .most = year}, 60, kAll);
  EXPECT_LE(long_pause, year);
  EXPECT_GE(long_pause, year - milliseconds(10));
}

class RunClient : public ::testing::Test {
 protected:
  Result<void> run(const std::string& url, SessionHandler handler, Reconnect reconnect = kFast) {
    return runtime::block_on(worker,
                             run_client(worker, http::Url::parse(url), {}, reconnect, std::move(handler), cancelled));
  }

  runtime::Worker worker;
  runtime::Cancellation cancelled;
};

/// Says something until it hears it.
Task<void> say_until_heard(Session& session, int& sessions) {
  ++sessions;
  static_cast<void>(co_await session.send_text("hello"));
  const auto message = co_await session.receive();
  if (message) EXPECT_EQ(message->data, "hello");
}

TEST_F(RunClient, ComesAgainAfterConnectionsThatBroke) {
  const Peer peer({.broken = 3});
  int sessions = 0;
  const auto end = run(peer.url(), [&sessions](Session& session) { return say_until_heard(session, sessions); });
  EXPECT_TRUE(end);
  EXPECT_EQ(sessions, 4);
  EXPECT_EQ(peer.connections(), 4);
}

TEST_F(RunClient, ComesAgainWhenTheServerRestarts) {
  int served = 0;  // the server's thread alone
  const Peer peer({.handler = [&served](Session& session) {
    return session.close(++served == 1 ? CloseCode::kServiceRestart : CloseCode::kNormal);
  }});
  int sessions = 0;
  const auto end = run(peer.url(), [&sessions](Session& session) { return say_until_heard(session, sessions); });
  EXPECT_TRUE(end);
  EXPECT_EQ(sessions, 2) << "1012, then 1000";
}

TEST_F(RunClient, AHandlerThatClosesIsDone) {
  const Peer peer;
  const auto end = run(peer.url(), [](Session& session) { return session.close(); });
  EXPECT_TRUE(end);
  EXPECT_EQ(peer.connections(), 1);
}

Task<void> is_not_called(Session& /*session*/) {
  ADD_FAILURE();
  co_return;
}

TEST_F(RunClient, WhoIsRefusedDoesNotComeAgain) {
  for (const char* status : {"401 Unauthorized", "403 Forbidden", "302 Found"}) {
    const Peer peer({.answer = std::string("HTTP/1.1 ") + status + "\r\nContent-Length: 0\r\n\r\n"});
    EXPECT_EQ(run(peer.url(), is_not_called).error().reason, Reason::kWsRefused) << status;
    EXPECT_EQ(peer.connections(), 1);
  }
}

TEST_F(RunClient, ComesAgainAsOftenAsItMay) {
  const Peer peer({.answer = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"});
  Reconnect thrice = kFast;
  thrice.attempts = 3;
  EXPECT_EQ(run(peer.url(), is_not_called, thrice).error().reason, Reason::kWsRefused);
  EXPECT_EQ(peer.connections(), 4);
}

TEST_F(RunClient, AConnectionThatLastedIsANewStart) {
  const Peer peer({.broken = 5});
  int sessions = 0;
  const Reconnect once{.first = milliseconds(1), .most = milliseconds(0), .attempts = 1};  // any time is long enough
  EXPECT_TRUE(run(peer.url(), [&sessions](Session& session) { return say_until_heard(session, sessions); }, once));
  EXPECT_EQ(sessions, 6);
}

Task<void> throw_something(Session& session) {
  static_cast<void>(co_await session.send_text("hello"));
  throw std::runtime_error("no such thing");
}
TEST_F(RunClient, WhatTheHandlerThrowsComesOut) {
  const Peer peer;
  EXPECT_THROW(run(peer.url(), throw_something), std::runtime_error);
  EXPECT_EQ(peer.connections(), 1);
}

Task<void> wait_for_more(Session& session, runtime::Cancellation& cancelled, Error& error) {
  static_cast<void>(co_await session.send_text("hello"));
  while (auto message = co_await session.receive()) cancelled.cancel();
  const auto end = co_await session.receive();
  error = end.error();
}
TEST_F(RunClient, CancellingEndsTheSessionAndAllThatWouldFollow) {
  const Peer peer;
  Error error;
  const auto end = run(peer.url(), [&](Session& session) { return wait_for_more(session, cancelled, error); });
  EXPECT_EQ(error.kind, ErrorKind::kCancelled);
  EXPECT_EQ(end.error().kind, ErrorKind::kCancelled);
  EXPECT_EQ(peer.connections(), 1);
}

Task<void> keep(Task<Result<void>> running, std::optional<Result<void>>& end) { end = co_await std::move(running); }

TEST_F(RunClient, CancellingEndsThePause) {
  const Peer peer({.answer = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"});
  const Reconnect slow{.first = std::chrono::hours(24 * 365), .most = std::chrono::hours(24 * 365)};
  std::optional<Result<void>> end;
  worker.spawn(keep(run_client(worker, http::Url::parse(peer.url()), {}, slow, is_not_called, cancelled), end));
  while (peer.connections() == 0) worker.run_once(milliseconds(10));
  for (int i = 0; i < 3; ++i) worker.run_once(milliseconds(10));  // the answer, then the pause
  EXPECT_FALSE(end);
  cancelled.cancel();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->error().kind, ErrorKind::kCancelled);
}

}  // namespace
}  // namespace flare::ws::test
