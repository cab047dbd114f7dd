#include "flare/io/buffer.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace flare::io {
namespace {

TEST(Buffer, KeepsWhatIsAppendedInOrder) {
  Buffer buffer(4);
  EXPECT_TRUE(buffer.empty());
  buffer.append("ab");
  buffer.append(std::string_view());
  buffer.append("cd");
  EXPECT_EQ(buffer.view(), "abcd");
  EXPECT_EQ(buffer.capacity(), 4U) << "what fits does not grow it";
}

TEST(Buffer, TakesSeveralPiecesAtOnce) {
  Buffer buffer(1);
  buffer.append("X-Name", ": ", std::string("value"), std::string_view(), "\r\n");
  buffer.append("end");
  EXPECT_EQ(buffer.view(), "X-Name: value\r\nend");
}

TEST(Buffer, GrowsAndKeepsItsContent) {
  Buffer buffer(0);
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string piece(static_cast<std::size_t>(i % 7), static_cast<char>('a' + i % 26));
    buffer.append(piece);
    expected += piece;
  }
  EXPECT_EQ(buffer.view(), expected);
  EXPECT_GE(buffer.capacity(), expected.size());
}

TEST(Buffer, GrowsToOnePieceLargerThanTwiceItsCapacity) {
  Buffer buffer(8);
  buffer.append("12345678");
  const std::string piece(1000, 'x');
  buffer.append(piece);
  EXPECT_EQ(buffer.view(), "12345678" + piece);
}

TEST(Buffer, ReservedRoomCountsOnlyWhenCommitted) {
  Buffer buffer(2);
  buffer.append("a");
  char* const room = buffer.reserve(10);
  room[0] = 'b';
  room[1] = 'c';
  EXPECT_EQ(buffer.view(), "a");
  buffer.commit(2);
  EXPECT_EQ(buffer.view(), "abc");
}

TEST(Buffer, ClearingKeepsTheMemory) {
  Buffer buffer(2);
  buffer.append(std::string(100, 'x'));
  const char* const data = buffer.data();
  const std::size_t capacity = buffer.capacity();
  buffer.clear();
  EXPECT_TRUE(buffer.empty());
  buffer.append(std::string(100, 'y'));
  EXPECT_EQ(buffer.data(), data);
  EXPECT_EQ(buffer.capacity(), capacity);
}

}  // namespace
}  // namespace flare::io
