// What others post to a session whose peer takes it slowly (W-13).
#include <gtest/gtest.h>

#include <string>

#include "flare/ws/stream_session.h"
#include "tests/support/gated_stream.h"
#include "tests/support/ws_frames.h"

namespace flare::ws {
namespace {

using test::client_frame;
using test::close_body;
using test::Gate;
using test::GatedStream;
using test::server_frame;

constexpr std::size_t kFrame = 12;  // of a message of ten bytes

struct End {
  bool done = false;
  Reason why = Reason::kNone;
  std::uint64_t dropped = 0;
};

/// A session that drops what it receives, with its pieces in the test's hands.
struct Fixture {
  explicit Fixture(SessionOptions given, Agreed agreed = {}) : options(given), turn(worker) {
    worker.post([this, agreed] { worker.spawn(run(*this, agreed)); });
    turns();
  }
  static runtime::Task<void> run(Fixture& fixture, Agreed agreed) {
    GatedStream stream(fixture.gate);
    StreamSession<GatedStream> session(fixture.turn, fixture.options, std::move(agreed), stream);
    fixture.session = &session;
    while (const auto message = co_await session.receive()) ++fixture.received;
    fixture.end = {.done = true, .why = session.why(), .dropped = session.counts().messages_dropped};
    co_await session.finish(CloseCode::kNormal);
    fixture.session = nullptr;
  }
  void turns() {
    for (int i = 0; i < 3; ++i) worker.run_once(std::chrono::milliseconds(0));
  }
  Posted post(char letter) {
    const Posted outcome = session->post({MessageType::kText, std::string(10, letter)});
    turns();  // whoever sends begins at their end
    return outcome;
  }
  [[nodiscard]] static std::string sent(std::string_view letters) {
    std::string all;
    for (const char letter : letters) all += server_frame(Opcode::kText, std::string(10, letter));
    return all;
  }

  SessionOptions options;
  runtime::Worker worker;
  Turn turn;
  Gate gate;
  Session* session = nullptr;
  std::size_t received = 0;
  End end;
};

TEST(Post, LeavesAtOnceWhereThePeerTakesIt) {
  Fixture fixture({});
  fixture.gate.room = 100;
  EXPECT_EQ(fixture.post('a'), Posted::kTaken);
  EXPECT_EQ(fixture.gate.wire.sent, Fixture::sent("a"));
  EXPECT_EQ(fixture.session->memory(), 0U);
}

TEST(Post, WaitsItsTurnWithinTheQueueToTheByte) {
  for (const bool fits : {false, true}) {
    Fixture fixture({.queue = 2 * kFrame - 5 - (fits ? 0U : 1U), .on_slow = OnSlow::kDropNewest});
    fixture.gate.room = 5;
    EXPECT_EQ(fixture.post('a'), Posted::kTaken) << "five bytes have left, seven wait";
    EXPECT_EQ(fixture.post('b'), fits ? Posted::kTaken : Posted::kDropped);
  }
}

TEST(Post, DropsTheNewest) {
  Fixture fixture({.queue = 2 * kFrame, .on_slow = OnSlow::kDropNewest});
  for (const char letter : {'a', 'b'}) EXPECT_EQ(fixture.post(letter), Posted::kTaken);
  for (const char letter : {'c', 'd'}) EXPECT_EQ(fixture.post(letter), Posted::kDropped);
  fixture.gate.take(1000);
  EXPECT_EQ(fixture.gate.wire.sent, Fixture::sent("ab"));
  EXPECT_EQ(fixture.session->counts().messages_dropped, 2U);
  EXPECT_EQ(fixture.post('e'), Posted::kTaken);
}

TEST(Post, DropsTheOldestThatHasNotBegun) {
  Fixture fixture({.queue = 3 * kFrame, .on_slow = OnSlow::kDropOldest});
  for (const char letter : {'a', 'b', 'c'}) EXPECT_EQ(fixture.post(letter), Posted::kTaken);
  fixture.gate.take(4);
  for (const char letter : {'d', 'e'}) EXPECT_EQ(fixture.post(letter), Posted::kTaken);
  fixture.gate.take(1000);
  EXPECT_EQ(fixture.gate.wire.sent, Fixture::sent("ade"));
  EXPECT_EQ(fixture.session->counts().messages_dropped, 2U);
}

TEST(Post, WhatNeverHasRoomIsDropped) {
  for (const OnSlow policy : {OnSlow::kDropNewest, OnSlow::kDropOldest, OnSlow::kPauseProducer}) {
    Fixture fixture({.queue = kFrame - 1, .on_slow = policy});
    EXPECT_EQ(fixture.post('a'), Posted::kDropped);
  }
}

TEST(Post, ClosesWhoIsTooSlow) {
  Fixture fixture({.queue = 2 * kFrame, .on_slow = OnSlow::kClose});
  for (const char letter : {'a', 'b'}) EXPECT_EQ(fixture.post(letter), Posted::kTaken);
  fixture.gate.take(1);
  EXPECT_EQ(fixture.post('d'), Posted::kClosed);
  EXPECT_EQ(fixture.post('e'), Posted::kClosed);
  fixture.gate.take(1000);
  EXPECT_EQ(fixture.gate.wire.sent, Fixture::sent("a") + server_frame(Opcode::kClose, close_body(1013, "too slow")));
  fixture.gate.bring(client_frame(Opcode::kClose, close_body(1013)));
  fixture.turns();
  EXPECT_TRUE(fixture.end.done);
  EXPECT_EQ(fixture.end.why, Reason::kWsSlow);
  EXPECT_EQ(fixture.end.dropped, 1U);
}

TEST(Post, TellsTheProducerToWait) {
  struct Room final : Session::RoomListener {
    void on_room() override { ++told; }
    int told = 0;
  } room;
  Fixture fixture({.queue = kFrame, .on_slow = OnSlow::kPauseProducer});
  fixture.session->set_room_listener(&room);
  EXPECT_EQ(fixture.post('a'), Posted::kTaken);
  EXPECT_EQ(fixture.post('b'), Posted::kNoRoom);
  EXPECT_EQ(room.told, 0);
  fixture.gate.take(1000);
  EXPECT_EQ(room.told, 1);
  EXPECT_EQ(fixture.post('b'), Posted::kTaken);
  EXPECT_EQ(fixture.gate.wire.sent, Fixture::sent("ab"));
  EXPECT_EQ(fixture.session->counts().messages_dropped, 0U);
  fixture.session->set_room_listener(nullptr);
}

TEST(Post, EndsNothingWhileItIsUnderWay) {
  Fixture fixture({});
  fixture.gate.room = 5;
  fixture.gate.wire.reset_after_sent = 5;
  EXPECT_EQ(fixture.session->post({MessageType::kText, std::string(10, 'a')}), Posted::kTaken);
  EXPECT_FALSE(fixture.end.done) << "whoever posts may be telling others: the end comes later";
  fixture.gate.take(100);
  fixture.turns();
  EXPECT_TRUE(fixture.end.done);
  EXPECT_EQ(fixture.session, nullptr);
}

TEST(Post, PingsAreAnsweredWhileMessagesWait) {  // W-7
  Fixture fixture({.queue = 4 * kFrame});
  for (const char letter : {'a', 'b'}) EXPECT_EQ(fixture.post(letter), Posted::kTaken);
  fixture.gate.take(3);
  fixture.gate.bring(client_frame(Opcode::kPing, "1") + client_frame(Opcode::kPing, "2"));
  fixture.gate.bring(client_frame(Opcode::kText, "is read, too") + client_frame(Opcode::kPing, "3"));
  EXPECT_EQ(fixture.received, 1U);
  fixture.gate.take(1000);
  EXPECT_EQ(fixture.gate.wire.sent, Fixture::sent("a") + server_frame(Opcode::kPong, "3") + Fixture::sent("b"));
}

TEST(Post, WhatWaitsGoesWhenThePeerCloses) {
  Fixture fixture({});
  for (const char letter : {'a', 'b'}) EXPECT_EQ(fixture.post(letter), Posted::kTaken);
  fixture.gate.take(2);
  fixture.gate.bring(client_frame(Opcode::kClose, close_body(1000)));
  fixture.turns();
  EXPECT_TRUE(fixture.end.done);
  EXPECT_NE(fixture.session, nullptr) << "it waits until what has begun has left";
  fixture.gate.take(1000);
  fixture.turns();
  EXPECT_EQ(fixture.gate.wire.sent, Fixture::sent("a") + server_frame(Opcode::kClose, close_body(1000)));
  EXPECT_EQ(fixture.session, nullptr);
}

TEST(Post, WhoTakesNothingForTooLongIsGone) {
  Fixture fixture({});
  EXPECT_EQ(fixture.post('a'), Posted::kTaken);
  fixture.gate.stall();
  fixture.turns();
  EXPECT_TRUE(fixture.end.done);
  EXPECT_EQ(fixture.end.why, Reason::kWriteIdle);
  EXPECT_EQ(fixture.session, nullptr);
}

TEST(Post, IsNeverCompressedInAContext) {
  DeflateParams params;  // contexts are carried over
  Fixture fixture({.deflate_min_bytes = 1}, {.deflate = params});
  fixture.gate.room = 1000;
  EXPECT_EQ(fixture.post('a'), Posted::kTaken);
  EXPECT_EQ(fixture.gate.wire.sent, Fixture::sent("a"));
}

TEST(Broadcast, IsCompressedOnceForAllWhoWantIt) {
  const std::string text(500, 'x');
  CodecPool codecs;
  Broadcast broadcast(std::make_shared<const SharedMessage>(Message{MessageType::kText, text}), codecs);
  const MessageWriter plain(Role::kServer, {}, codecs);
  const MessageWriter alone(Role::kServer, {.enabled = true, .context_takeover = true}, codecs);
  const MessageWriter shared(Role::kServer, {.enabled = true, .window_bits = 15}, codecs);
  const MessageWriter narrow(Role::kServer, {.enabled = true, .window_bits = 9}, codecs);
  EXPECT_EQ(*broadcast.frame_for(plain), server_frame(Opcode::kText, text));
  EXPECT_EQ(broadcast.frame_for(plain), broadcast.frame_for(alone));
  const Frame compressed = broadcast.frame_for(shared);
  EXPECT_LT(compressed->size(), 100U);
  EXPECT_EQ(static_cast<unsigned char>(compressed->front()), 0xC1U);
  EXPECT_EQ(broadcast.frame_for(shared), compressed);
  EXPECT_NE(broadcast.frame_for(narrow), compressed);
}

}  // namespace
}  // namespace flare::ws
