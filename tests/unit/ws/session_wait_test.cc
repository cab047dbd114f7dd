// How long a session waits: receive_until(), flush(), and handlers that were away.
#include <gtest/gtest.h>

#include <string>

#include "flare/ws/stream_session.h"
#include "tests/support/ws_frames.h"
#include "tests/support/ws_harness.h"

namespace flare::ws {
namespace {

using std::chrono::milliseconds;
using test::client_frame;
using test::close_body;
using test::serve_ws;
using test::server_frame;
using test::Wire;

runtime::Task<void> ask_twice(Session& session) {
  const auto none = co_await session.receive_until(runtime::Worker::current().now() + milliseconds(1000));
  EXPECT_EQ(none, std::unexpected(Error::of(ErrorKind::kWouldBlock)));
  EXPECT_TRUE(session.is_open());
  static_cast<void>(co_await session.send_text("still here"));
  const auto end = co_await session.receive();
  EXPECT_EQ(end.error().kind, ErrorKind::kTimeout);
}

TEST(SessionWait, ReceivingUntilATimeLeavesTheSessionAsItWas) {
  Wire wire;
  wire.silent_at_end = true;
  serve_ws(wire, ask_twice, {.ping = milliseconds(0), .idle = milliseconds(60'000)});
  EXPECT_EQ(wire.sent,
            server_frame(Opcode::kText, "still here") + server_frame(Opcode::kClose, close_body(1011, "ping timeout")));
}

runtime::Task<void> take_what_is_there(Session& session) {
  const auto message = co_await session.receive_until(runtime::Worker::current().now());
  EXPECT_TRUE(message);
  if (message) EXPECT_EQ(message->data, "one");
}

TEST(SessionWait, WhatHasComeIsGivenHoweverLate) {
  Wire wire;
  wire.arriving = {client_frame(Opcode::kText, "one"), client_frame(Opcode::kClose, close_body(1000))};
  serve_ws(wire, take_what_is_there);
}

runtime::Task<void> flush_between(Session& session, Wire& wire) {
  static_cast<void>(co_await session.send_text("one"));
  EXPECT_EQ(wire.sent, "");
  const auto flushed = co_await session.flush();
  EXPECT_TRUE(flushed);
  EXPECT_EQ(wire.sent, server_frame(Opcode::kText, "one"));
}

TEST(SessionWait, FlushingSendsAtOnceAndAll) {
  Wire wire;
  wire.write_sizes = {1, 0, 2};
  wire.arriving = {client_frame(Opcode::kClose, close_body(1000))};
  serve_ws(wire, [&wire](Session& session) { return flush_between(session, wire); });
  EXPECT_EQ(wire.sent, server_frame(Opcode::kText, "one") + server_frame(Opcode::kClose, close_body(1000)));
}

TEST(SessionWait, FlushingTellsOfAConnectionThatBroke) {
  Wire wire;
  wire.reset_after_sent = 0;
  serve_ws(wire, [](Session& session) -> runtime::Task<void> {
    static_cast<void>(co_await session.send_text("one"));
    const auto flushed = co_await session.flush();
    EXPECT_EQ(flushed.error().kind, ErrorKind::kConnectionReset);
  });
}

runtime::Task<void> sleep_and_receive(Session& session) {
  co_await runtime::Worker::current().sleep(milliseconds(40));
  const auto end = co_await session.receive();
  EXPECT_EQ(end.error().kind, ErrorKind::kTimeout);
}

TEST(SessionWait, SilenceThatNobodyListenedToDoesNotCount) {  // W-10
  Wire wire;
  wire.silent_at_end = true;
  serve_ws(wire, sleep_and_receive, {.ping = milliseconds(20), .idle = milliseconds(30)});
  EXPECT_EQ(wire.sent, server_frame(Opcode::kPing, "") + server_frame(Opcode::kClose, close_body(1011, "ping timeout")))
      << "it is asked before it is given up";
}

}  // namespace
}  // namespace flare::ws
