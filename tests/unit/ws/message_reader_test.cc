#include "flare/ws/message_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/ws_frames.h"

namespace flare::ws {
namespace {

using test::client_frame;
using test::close_body;
using Event = MessageReader::Event;

constexpr MessageLimits kLimits{.bytes = 1000, .fragments = 10};

/// What came of an input: "text:..." "binary:..." "ping:..." "pong:..." "close:..." and at the end the reason, if there
/// is one to end.
using Events = std::vector<std::string>;

class Feed {
 public:
  explicit Feed(MessageLimits limits = kLimits, Inflating inflating = {})
      : limits_(limits), reader_(Role::kServer, limits_, inflating, pool_) {}

  void take(std::string_view bytes) {
    held_ += bytes;
    while (!ended_) {
      const auto step = reader_.step(held_);
      if (!step) {
        events_.emplace_back(to_string(step.error()));
        ended_ = true;
        return;
      }
      if (step->event != Event::kNone) events_.push_back(name(*step) + std::string(step->message.data));
      held_.erase(0, step->consumed);
      if (step->event == Event::kNone && (step->consumed == 0 || held_.empty())) return;
    }
  }
  [[nodiscard]] const Events& events() const { return events_; }
  [[nodiscard]] MessageReader& reader() { return reader_; }
  [[nodiscard]] std::size_t held() const { return held_.size(); }

 private:
  static std::string name(const MessageReader::Step& step) {
    switch (step.event) {
      case Event::kMessage: return step.message.type == MessageType::kText ? "text:" : "binary:";
      case Event::kPing: return "ping:";
      case Event::kPong: return "pong:";
      case Event::kClose: return "close:";
      case Event::kNone: break;
    }
    return "none:";
  }
  MessageLimits limits_;
  CodecPool pool_;
  MessageReader reader_;
  std::string held_;
  Events events_;
  bool ended_ = false;
};

Events events_of(std::string_view bytes, Inflating inflating = {}) {
  Feed feed(kLimits, inflating);
  feed.take(bytes);
  return feed.events();
}

TEST(MessageReader, TakesMessagesAndControlFramesInOrder) {
  const std::string input = client_frame(Opcode::kText, "hello") + client_frame(Opcode::kBinary, "\xFF") +
                            client_frame(Opcode::kPing, "p") + client_frame(Opcode::kPong, "q") +
                            client_frame(Opcode::kText, "") + client_frame(Opcode::kClose, close_body(1000));
  const Events expected = {"text:hello", "binary:\xFF", "ping:p", "pong:q", "text:", "close:\x03\xE8"};
  EXPECT_EQ(events_of(input), expected);
  Feed by_byte;
  for (const char c : input) by_byte.take({&c, 1});
  EXPECT_EQ(by_byte.events(), expected);
}

TEST(MessageReader, PutsFragmentsTogetherAroundControlFrames) {  // W-7
  const std::string input = client_frame(Opcode::kText, "one ", {.fin = false}) + client_frame(Opcode::kPing, "p") +
                            client_frame(Opcode::kContinuation, "", {.fin = false}) +
                            client_frame(Opcode::kContinuation, "two") + client_frame(Opcode::kBinary, "three");
  const Events expected = {"ping:p", "text:one two", "binary:three"};
  EXPECT_EQ(events_of(input), expected);
  for (std::size_t cut = 0; cut <= input.size(); ++cut) {
    Feed feed;
    feed.take(std::string_view(input).substr(0, cut));
    feed.take(std::string_view(input).substr(cut));
    EXPECT_EQ(feed.events(), expected) << cut;
  }
}

TEST(MessageReader, AWholeMessageIsAViewIntoTheInput) {
  CodecPool pool;
  MessageReader reader(Role::kServer, kLimits, {}, pool);
  std::string input = client_frame(Opcode::kText, "hello");
  const auto step = reader.step(input);
  ASSERT_TRUE(step && step->event == Event::kMessage);
  EXPECT_EQ(step->message.data.data(), input.data() + 6);
  EXPECT_EQ(reader.memory(), 0U);
}

TEST(MessageReader, HoldsMemoryOnlyForPartOfAMessage) {
  Feed feed;
  feed.take(client_frame(Opcode::kBinary, std::string(500, 'x'), {.fin = false}));
  EXPECT_GE(feed.reader().memory(), 500U);
  EXPECT_TRUE(feed.reader().is_within_message());
  feed.take(client_frame(Opcode::kContinuation, "y"));
  EXPECT_EQ(feed.events().size(), 1U);
  EXPECT_EQ(feed.reader().memory(), 0U);
  EXPECT_FALSE(feed.reader().is_within_message());
}

TEST(MessageReader, RefusesFragmentsOutOfOrder) {  // W-6
  EXPECT_EQ(events_of(client_frame(Opcode::kContinuation, "x")), Events{"ws_bad_frame"});
  EXPECT_EQ(events_of(client_frame(Opcode::kText, "x", {.fin = false}) + client_frame(Opcode::kText, "y")),
            Events{"ws_bad_frame"});
  EXPECT_EQ(events_of(client_frame(Opcode::kText, "x") + client_frame(Opcode::kContinuation, "y")),
            (Events{"text:x", "ws_bad_frame"}));
}

TEST(MessageReader, RefusesFramesThatAServerWouldSend) {  // W-5
  EXPECT_EQ(events_of(test::server_frame(Opcode::kText, "x")), Events{"ws_masking"});
}

TEST(MessageReader, TextIsUtf8AndFailsInItsMidst) {  // W-8
  EXPECT_EQ(events_of(client_frame(Opcode::kText, "caf\xC3\xA9")), Events{"text:caf\xC3\xA9"});
  EXPECT_EQ(events_of(client_frame(Opcode::kText, "caf\xC3")), Events{"ws_utf8"});
  EXPECT_EQ(
      events_of(client_frame(Opcode::kText, "caf\xC3", {.fin = false}) + client_frame(Opcode::kContinuation, "\xA9")),
      Events{"text:caf\xC3\xA9"});
  EXPECT_EQ(events_of(client_frame(Opcode::kText, "caf\xC3", {.fin = false}) + client_frame(Opcode::kContinuation, "")),
            Events{"ws_utf8"});
  EXPECT_EQ(events_of(client_frame(Opcode::kBinary, "caf\xC3")), Events{"binary:caf\xC3"});
  Feed feed;
  feed.take(client_frame(Opcode::kText, "caf\xF4\x90" + std::string(500, 'x')).substr(0, 8 + 5));
  EXPECT_EQ(feed.events(), Events{"ws_utf8"}) << "although most of the frame is yet to come";
}

TEST(MessageReader, LimitsAreJudgedByTheHead) {  // W-9
  EXPECT_EQ(events_of(client_frame(Opcode::kBinary, std::string(1000, 'x'))).size(), 1U);
  Feed feed;
  feed.take(client_frame(Opcode::kBinary, std::string(1001, 'x')).substr(0, 8));
  EXPECT_EQ(feed.events(), Events{"ws_message_bytes"});
  EXPECT_EQ(feed.reader().memory(), 0U);
  EXPECT_EQ(events_of(client_frame(Opcode::kBinary, std::string(600, 'x'), {.fin = false}) +
                      client_frame(Opcode::kContinuation, std::string(401, 'x')).substr(0, 8)),
            Events{"ws_message_bytes"});
  std::string fragments = client_frame(Opcode::kBinary, "", {.fin = false});
  for (int i = 0; i < 9; ++i) fragments += client_frame(Opcode::kContinuation, "", {.fin = false});
  EXPECT_EQ(events_of(fragments), Events{});
  EXPECT_EQ(events_of(fragments + client_frame(Opcode::kContinuation, "")), Events{"ws_fragments"});
}

TEST(MessageReader, InflatesWholeAndFragmentedMessages) {  // W-14
  std::string payload;
  Deflater deflater(15);
  deflater.deflate("Hello", payload);
  const std::string whole = client_frame(Opcode::kText, payload, {.rsv1 = true});
  const std::string fragments = client_frame(Opcode::kText, payload.substr(0, 3), {.fin = false, .rsv1 = true}) +
                                client_frame(Opcode::kContinuation, payload.substr(3));
  for (const bool takeover : {false, true}) {
    const Inflating inflating{.enabled = true, .context_takeover = takeover};
    EXPECT_EQ(events_of(whole + fragments + whole + client_frame(Opcode::kText, "plain"), inflating),
              (Events{"text:Hello", "text:Hello", "text:Hello", "text:plain"}));
    EXPECT_EQ(events_of(client_frame(Opcode::kPing, payload, {.rsv1 = true}), inflating), Events{"ws_bad_frame"});
    EXPECT_EQ(events_of(client_frame(Opcode::kText, "\xFF", {.rsv1 = true}), inflating), Events{"ws_deflate"});
    Feed feed(kLimits, inflating);
    for (const char c : whole + fragments) feed.take({&c, 1});
    EXPECT_EQ(feed.events(), (Events{"text:Hello", "text:Hello"}));
    EXPECT_EQ(feed.reader().memory() != 0, takeover) << "what carries no context over holds no memory";
  }
  EXPECT_EQ(events_of(whole), Events{"ws_bad_frame"}) << "was not agreed on";
}

TEST(MessageReader, InflatedTextIsUtf8AndLimited) {  // W-8, W-9
  const Inflating inflating{.enabled = true};
  for (const std::string_view text : {std::string_view("caf\xC3\xA9"), std::string_view("caf\xC3")}) {
    std::string payload;
    Deflater(15).deflate(text, payload);
    for (const std::size_t cut : {payload.size(), std::size_t{2}}) {
      const std::string frames = client_frame(Opcode::kText, payload.substr(0, cut), {.fin = false, .rsv1 = true}) +
                                 client_frame(Opcode::kContinuation, payload.substr(cut));
      EXPECT_EQ(events_of(frames, inflating), text.ends_with('\xA9') ? Events{"text:caf\xC3\xA9"} : Events{"ws_utf8"});
    }
    EXPECT_EQ(events_of(client_frame(Opcode::kText, payload, {.rsv1 = true}), inflating),
              text.ends_with('\xA9') ? Events{"text:caf\xC3\xA9"} : Events{"ws_utf8"});
  }
  std::string bomb;
  Deflater(15).deflate(std::string(1001, 'x'), bomb);
  EXPECT_EQ(events_of(client_frame(Opcode::kText, bomb, {.rsv1 = true}), inflating), Events{"ws_message_bytes"});
  EXPECT_EQ(events_of(client_frame(Opcode::kText, bomb, {.fin = false, .rsv1 = true}), inflating),
            Events{"ws_message_bytes"});
}

}  // namespace
}  // namespace flare::ws
