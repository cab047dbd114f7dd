#include "flare/ws/outbox.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

namespace flare::ws {
namespace {

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

Frame frame(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

/// All that is in it, as it would be sent.
std::string content(const Outbox& outbox) {
  std::array<iovec, 16> pieces;
  std::string text;
  const std::size_t count = outbox.front(pieces);
  for (std::size_t i = 0; i < count; ++i) text.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
  return text;
}

TEST(Outbox, KeepsTheOrderAndCountsWhatIsLeft) {
  Outbox outbox;
  outbox.append_own("abc", true);
  outbox.append_message(frame("defg"), 1);
  EXPECT_EQ(content(outbox), "abcefg");
  EXPECT_EQ(outbox.bytes(), 6U);
  EXPECT_TRUE(outbox.has_own());
  outbox.sent(4);
  EXPECT_EQ(content(outbox), "fg");
  EXPECT_EQ(outbox.bytes(), 2U);
  EXPECT_FALSE(outbox.has_own());
  outbox.sent(2);
  EXPECT_TRUE(outbox.empty());
}

TEST(Outbox, DropsTheOldestMessagesThatHaveNotBegun) {
  Outbox outbox;
  outbox.append_message(frame("begun"), 2);
  outbox.append_own("own", false);
  for (const char* text : {"one", "two", "three"}) outbox.append_message(frame(text), 0);
  const auto dropped = outbox.drop_messages(4);
  EXPECT_EQ(dropped.messages, 2U);
  EXPECT_EQ(dropped.bytes, 6U);
  EXPECT_EQ(content(outbox), "gunownthree");
  EXPECT_EQ(outbox.bytes(), 11U);
  EXPECT_EQ(outbox.drop_messages(kAll).messages, 1U);
  EXPECT_EQ(content(outbox), "gunown");
  EXPECT_EQ(outbox.drop_messages(kAll).messages, 0U) << "what has begun, and the session's own, stays";
}

TEST(Outbox, ControlFramesOvertakeMessagesAndTakeEachOthersPlace) {  // W-7, W-13
  Outbox outbox;
  outbox.append_message(frame("begun"), 2);
  outbox.append_message(frame("later"), 0);
  outbox.overtake(Opcode::kPong, "P1");
  EXPECT_EQ(content(outbox), "gunP1later");
  outbox.overtake(Opcode::kPing, "I");
  outbox.overtake(Opcode::kPong, "P2");
  EXPECT_EQ(content(outbox), "gunP2Ilater") << "the latest pong counts";
  EXPECT_EQ(outbox.bytes(), content(outbox).size());
  outbox.sent(4);  // the pong has begun
  outbox.overtake(Opcode::kPong, "P3");
  EXPECT_EQ(content(outbox), "2IP3later");
}

TEST(Outbox, ControlFramesDoNotOvertakeTheSessionsOwn) {
  Outbox outbox;
  outbox.append_own("own", true);
  outbox.append_message(frame("message"), 0);
  outbox.overtake(Opcode::kPong, "P");
  EXPECT_EQ(content(outbox), "ownPmessage");
}

}  // namespace
}  // namespace flare::ws
