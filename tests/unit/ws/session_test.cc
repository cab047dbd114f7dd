#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "flare/ws/stream_session.h"
#include "tests/support/ws_frames.h"
#include "tests/support/ws_harness.h"

namespace flare::ws {
namespace {

using test::client_frame;
using test::close_body;
using test::echo;
using test::serve_ws;
using test::server_frame;
using test::Wire;

Wire wire_of(std::vector<std::string> pieces) {
  Wire wire;
  for (std::string& piece : pieces) wire.arriving.push_back(std::move(piece));
  return wire;
}
std::string client_close(int code = 1000) { return client_frame(Opcode::kClose, close_body(code)); }
std::string server_close(int code = 1000, std::string_view reason = {}) {
  return server_frame(Opcode::kClose, close_body(code, reason));
}

/// What a session ended with.
struct End {
  Error error;
  CloseCode code = CloseCode::kNoStatus;
  std::string reason;
  Reason why = Reason::kNone;
  std::size_t messages = 0;
  std::size_t most_memory = 0;
};
SessionHandler echo_to(End& end) {
  return [&end](Session& session) -> runtime::Task<void> {
    return [](Session& with, End& to) -> runtime::Task<void> {
      for (;;) {
        auto message = co_await with.receive();
        to.most_memory = std::max(to.most_memory, with.memory());
        if (!message) {
          to.error = message.error();
          break;
        }
        ++to.messages;
        static_cast<void>(co_await with.send(*message));
      }
      to.code = with.close_code();
      to.reason = with.close_reason();
      to.why = with.why();
    }(session, end);
  };
}

TEST(Session, AnswersOfATurnLeaveWithOneSend) {
  Wire wire = wire_of({client_frame(Opcode::kText, "one") + client_frame(Opcode::kBinary, "two") +
                           client_frame(Opcode::kPing, "p") + client_frame(Opcode::kText, "three"),
                       client_close()});
  End end;
  serve_ws(wire, echo_to(end));
  EXPECT_EQ(wire.sent, server_frame(Opcode::kText, "one") + server_frame(Opcode::kBinary, "two") +
                           server_frame(Opcode::kPong, "p") + server_frame(Opcode::kText, "three") + server_close());
  EXPECT_EQ(wire.writes, 2U);
  EXPECT_EQ(end.messages, 3U);
  EXPECT_EQ(end.error.kind, ErrorKind::kClosed);
  EXPECT_EQ(end.code, CloseCode::kNormal);
  EXPECT_EQ(end.most_memory, 0U) << "whole messages need none";
  EXPECT_TRUE(wire.write_shut);
}

TEST(Session, AnyPiecesAndAnyFaultsGiveTheSame) {
  const std::string input = client_frame(Opcode::kText, "caf\xC3", {.fin = false}) + client_frame(Opcode::kPing, "") +
                            client_frame(Opcode::kContinuation, "\xA9") +
                            client_frame(Opcode::kBinary, std::string(300, 'x')) + client_close(3000);
  const std::string expected = server_frame(Opcode::kPong, "") + server_frame(Opcode::kText, "caf\xC3\xA9") +
                               server_frame(Opcode::kBinary, std::string(300, 'x')) + server_close(3000);
  for (const std::size_t step : {1U, 2U, 5U, 100U, 1000U}) {
    for (const bool blocks : {false, true}) {
      Wire wire;
      for (std::size_t at = 0; at < input.size(); at += step) wire.arriving.push_back(input.substr(at, step));
      wire.block_every_other = blocks;
      wire.write_sizes = {1, 0, 2, 0, 3, 50};
      End end;
      serve_ws(wire, echo_to(end));
      EXPECT_EQ(wire.sent, expected) << step;
      EXPECT_EQ(static_cast<int>(end.code), 3000);
    }
  }
}

TEST(Session, InputOfTheHandshakesSegmentComesFirst) {  // W-15
  Wire wire = wire_of({client_frame(Opcode::kText, "two").substr(3), client_close()});
  serve_ws(wire, echo, {}, {}, client_frame(Opcode::kText, "one") + client_frame(Opcode::kText, "two").substr(0, 3));
  EXPECT_EQ(wire.sent, server_frame(Opcode::kText, "one") + server_frame(Opcode::kText, "two") + server_close());
}

TEST(Session, LargeMessagesLeaveFromWhereTheyLie) {
  const std::string large(200'000, 'x');
  const SessionOptions options{.limits = {.bytes = 1 << 20}};
  for (const std::vector<std::size_t>& sizes :
       std::vector<std::vector<std::size_t>>{{}, {5}, {8}, {100'000}, {0, 0, 200'007}}) {
    Wire wire = wire_of({client_frame(Opcode::kText, "first") + client_frame(Opcode::kBinary, large), client_close()});
    wire.write_sizes = sizes;
    serve_ws(wire, echo, options);
    EXPECT_TRUE(wire.sent ==
                server_frame(Opcode::kText, "first") + server_frame(Opcode::kBinary, large) + server_close());
  }
}

TEST(Session, PeersThatBreakTheProtocolAreTold) {  // W-5 to W-9, W-11
  struct Case {
    std::string input;
    int code;
    Reason why;
  };
  const SessionOptions options{.limits = {.bytes = 1000, .fragments = 5}};
  for (const auto& [input, code, why] : {
           Case{server_frame(Opcode::kText, "x"), 1002, Reason::kWsMasking},
           Case{client_frame(Opcode::kText, "x", {.rsv1 = true}), 1002, Reason::kWsBadFrame},
           Case{client_frame(Opcode::kContinuation, "x"), 1002, Reason::kWsBadFrame},
           Case{client_frame(Opcode::kText, "\xFF"), 1007, Reason::kWsUtf8},
           Case{client_frame(Opcode::kText, std::string(1001, 'x')), 1009, Reason::kWsMessageBytes},
           Case{client_frame(Opcode::kClose, "x"), 1002, Reason::kWsBadClose},
           Case{client_close(1005), 1002, Reason::kWsBadClose},
           Case{client_frame(Opcode::kClose, close_body(1000, "\xFF")), 1007, Reason::kWsUtf8},
       }) {
    Wire wire = wire_of({client_frame(Opcode::kText, "before") + input + client_frame(Opcode::kText, "behind")});
    End end;
    serve_ws(wire, echo_to(end), options);
    EXPECT_EQ(wire.sent, server_frame(Opcode::kText, "before") + server_close(code)) << to_string(why);
    EXPECT_EQ(end.error, Error::of(ErrorKind::kProtocol, why));
    EXPECT_EQ(end.why, why);
    EXPECT_EQ(end.messages, 1U);
    EXPECT_TRUE(wire.write_shut);
  }
}

TEST(Session, TheCodeOfACloseIsEchoed) {  // W-11
  for (const std::string& body : {std::string(), close_body(1001, "going"), close_body(4999)}) {
    Wire wire = wire_of({client_frame(Opcode::kClose, body) + client_frame(Opcode::kText, "behind")});
    End end;
    serve_ws(wire, echo_to(end));
    EXPECT_EQ(wire.sent, server_frame(Opcode::kClose, body.substr(0, 2)));
    EXPECT_EQ(end.code, body.empty() ? CloseCode::kNoStatus : parse_close_body(body)->code);
    EXPECT_EQ(end.reason, body.substr(std::min<std::size_t>(2, body.size())));
    EXPECT_EQ(end.messages, 0U);
  }
}

TEST(Session, AConnectionThatJustEndsIsNoCloseHandshake) {
  for (const bool reset : {false, true}) {
    Wire wire = wire_of({client_frame(Opcode::kText, "one") + client_frame(Opcode::kText, "two").substr(0, 7)});
    wire.reset_at_end = reset;
    End end;
    serve_ws(wire, echo_to(end));
    EXPECT_EQ(wire.sent, server_frame(Opcode::kText, "one"));
    EXPECT_EQ(end.code, CloseCode::kAbnormal);
    EXPECT_EQ(end.why, Reason::kClientClosed);
  }
}

TEST(Session, SilentPeersArePingedAndThenLeft) {  // W-10
  Wire wire = wire_of({client_frame(Opcode::kText, "one")});
  wire.silent_at_end = true;
  End end;
  serve_ws(wire, echo_to(end), {.ping = std::chrono::seconds(20), .idle = std::chrono::seconds(90)});
  const std::string ping = server_frame(Opcode::kPing, "");
  EXPECT_EQ(wire.sent,
            server_frame(Opcode::kText, "one") + ping + ping + ping + ping + server_close(1011, "ping timeout"));
  EXPECT_EQ(end.error, Error::of(ErrorKind::kTimeout, Reason::kWsPingTimeout));
}

TEST(Session, APongKeepsItAlive) {  // W-10
  Wire wire;
  wire.silent_at_end = true;
  std::size_t answered = 0;
  int pongs = 0;
  wire.peer = [&answered, &pongs](Wire& self) {
    if (self.sent.size() == answered || ++pongs > 5) return;
    answered = self.sent.size();
    self.arriving.push_back(client_frame(Opcode::kPong, ""));
  };
  serve_ws(wire, echo, {.ping = std::chrono::seconds(20), .idle = std::chrono::seconds(30)});
  std::string expected;
  for (int i = 0; i < 6; ++i) expected += server_frame(Opcode::kPing, "");
  EXPECT_EQ(wire.sent, expected + server_close(1011, "ping timeout")) << "five were answered";
}

runtime::Task<void> say_bye(Session& session) {
  static_cast<void>(co_await session.receive());
  static_cast<void>(co_await session.send_text("last"));
  co_await session.close(CloseCode::kGoingAway, "bye");
  const auto sent = co_await session.send_text("too late");
  EXPECT_FALSE(sent);
}

TEST(Session, ClosingWaitsForThePeersCloseFrame) {  // W-11
  Wire wire = wire_of({client_frame(Opcode::kText, "one"), client_frame(Opcode::kText, "still") + client_close(1001)});
  serve_ws(wire, say_bye);
  EXPECT_EQ(wire.sent, server_frame(Opcode::kText, "last") + server_close(1001, "bye"));
  EXPECT_TRUE(wire.arriving.empty());
}

TEST(Session, ClosingDoesNotWaitForEver) {  // W-11
  Wire wire = wire_of({client_frame(Opcode::kText, "one"), client_frame(Opcode::kPing, "p")});
  wire.silent_at_end = true;
  Reason why = Reason::kNone;
  const SessionHandler handler = [&why](Session& session) {
    return [](Session& with, Reason& to) -> runtime::Task<void> {
      co_await say_bye(with);
      to = with.why();
    }(session, why);
  };
  serve_ws(wire, handler);
  EXPECT_EQ(wire.sent, server_frame(Opcode::kText, "last") + server_close(1001, "bye"));
  EXPECT_EQ(why, Reason::kWsCloseTimeout);
}

runtime::Task<void> fails(Session& session) {
  static_cast<void>(co_await session.receive());
  throw std::runtime_error("on purpose");
}
runtime::Task<void> returns(Session& session) { static_cast<void>(co_await session.receive()); }

TEST(Session, EndsWithItsHandler) {
  for (const bool throws : {false, true}) {
    Wire wire = wire_of({client_frame(Opcode::kText, "one"), client_close()});
    serve_ws(wire, throws ? SessionHandler(fails) : SessionHandler(returns));
    EXPECT_EQ(wire.sent, server_close(throws ? 1011 : 1000));
  }
}

/// Waits for something else between receiving and sending.
runtime::Task<void> slow_echo(runtime::Worker& worker, Session& session) {
  while (auto message = co_await session.receive()) {
    const std::string copy(message->data);
    static_cast<void>(co_await session.send_text("got " + copy));
    co_await worker.yield();
    static_cast<void>(co_await session.send_text(copy));
  }
}

TEST(Session, WaitsWithoutMemoryOfItsOwn) {
  Wire wire = wire_of({client_frame(Opcode::kBinary, std::string(5000, 'x')).substr(0, 3000)});
  std::vector<std::size_t> waiting;
  Session* running = nullptr;
  wire.peer = [&](Wire& self) {
    if (running == nullptr || !self.arriving.empty() || waiting.size() == 2) return;
    waiting.push_back(running->memory());
    if (waiting.size() == 1)
      self.arriving.push_back(client_frame(Opcode::kBinary, std::string(5000, 'x')).substr(3000));
  };
  serve_ws(wire, [&running](Session& session) {
    running = &session;
    return echo(session);
  });
  EXPECT_EQ(wire.sent, server_frame(Opcode::kBinary, std::string(5000, 'x')));
  ASSERT_EQ(waiting.size(), 2U);
  EXPECT_GE(waiting[0], 2900U) << "part of a message";
  EXPECT_EQ(waiting[1], 0U);
}

TEST(Session, SessionsOfAWorkerDoNotMixWhenTheirHandlersWait) {
  runtime::Worker worker;
  Turn turn(worker);
  const SessionOptions options;
  const SessionHandler handler = [&worker](Session& session) { return slow_echo(worker, session); };
  std::vector<Wire> wires(3);
  std::vector<std::string> expected(3);
  for (std::size_t i = 0; i < wires.size(); ++i) {
    std::string input;
    for (int message = 0; message < 4; ++message) {
      const std::string text = std::to_string(i) + "." + std::to_string(message);
      input += client_frame(Opcode::kText, text);
      expected[i] += server_frame(Opcode::kText, "got " + text) + server_frame(Opcode::kText, text);
    }
    expected[i] += server_close();
    wires[i].arriving = {input.substr(0, 11 + i), input.substr(11 + i), client_close()};
  }
  for (Wire& wire : wires) worker.spawn(test::run_session(turn, options, {}, handler, wire, {}));
  EXPECT_EQ(wires[0].sent, server_frame(Opcode::kText, "got 0.0"))
      << "what was sent has left when the next session came, though the handler waits";
  while (worker.active_tasks() != 0) worker.run_once(std::chrono::milliseconds(0));
  for (std::size_t i = 0; i < wires.size(); ++i) EXPECT_EQ(wires[i].sent, expected[i]) << i;
}

TEST(Session, ADrainClosesIt) {  // W-12
  runtime::Worker worker;
  Turn turn(worker);
  const SessionOptions options{.drain_spread = std::chrono::seconds(1)};
  End end;
  const SessionHandler handler = echo_to(end);
  Wire wire = wire_of({client_frame(Opcode::kText, "one")});
  wire.silent_at_end = true;
  turn.drain(CloseCode::kServiceRestart);
  worker.spawn(test::run_session(turn, options, {}, handler, wire, {}));
  EXPECT_EQ(wire.sent, server_frame(Opcode::kText, "one") + server_close(1012));
  EXPECT_EQ(end.why, Reason::kDraining);
}

TEST(Session, WritersThatGoNowhereEndIt) {
  Wire wire = wire_of({client_frame(Opcode::kText, "one") + client_frame(Opcode::kText, "two")});
  wire.reset_after_sent = 0;
  End end;
  serve_ws(wire, echo_to(end));
  EXPECT_EQ(wire.sent, "");
  EXPECT_EQ(end.why, Reason::kClientClosed);
}

TEST(Session, CompressesAsAgreed) {  // W-14
  const std::string text(500, 'x');
  for (const bool takeover : {false, true}) {
    Deflater deflater(15);
    std::string payload;
    deflater.deflate(text, payload);
    Wire wire = wire_of({client_frame(Opcode::kText, payload, {.rsv1 = true}) + client_frame(Opcode::kText, "short"),
                         client_frame(Opcode::kText, payload, {.rsv1 = true}), client_close()});
    DeflateParams params;
    params.server_no_context_takeover = params.client_no_context_takeover = !takeover;
    End end;
    serve_ws(wire, echo_to(end), {}, {.deflate = params});
    EXPECT_EQ(end.messages, 3U);
    EXPECT_EQ(end.most_memory != 0, takeover);
    std::string again;
    if (takeover) {
      deflater.deflate(text, again);
      EXPECT_LT(again.size(), payload.size());
    } else {
      again = payload;
    }
    EXPECT_EQ(wire.sent, server_frame(Opcode::kText, payload, {.rsv1 = true}) + server_frame(Opcode::kText, "short") +
                             server_frame(Opcode::kText, again, {.rsv1 = true}) + server_close());
  }
}

TEST(Session, ClientsMaskWhatTheySend) {  // W-5
  Wire wire = wire_of({server_frame(Opcode::kText, "hello"), server_frame(Opcode::kClose, close_body(1000))});
  End end;
  serve_ws(wire, echo_to(end), {}, {.role = Role::kClient});
  EXPECT_EQ(end.messages, 1U);
  CodecPool pool;
  const MessageLimits limits;
  MessageReader server(Role::kServer, limits, {}, pool);
  std::string sent = wire.sent;
  const auto message = server.step(sent);
  ASSERT_TRUE(message) << "the server takes it";
  EXPECT_EQ(message->message.data, "hello");
  const auto close = server.step(std::span(sent).subspan(message->consumed));
  ASSERT_TRUE(close);
  EXPECT_EQ(close->event, MessageReader::Event::kClose);
  EXPECT_EQ(message->consumed + close->consumed, sent.size());
  EXPECT_NE(wire.sent.substr(2, 4), std::string(4, '\0'));
}

}  // namespace
}  // namespace flare::ws
