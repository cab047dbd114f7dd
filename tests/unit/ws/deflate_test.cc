#include "flare/ws/deflate.h"

#include <gtest/gtest.h>

#include <string>

#include "flare/base/random.h"

namespace flare::ws {
namespace {

using namespace std::string_literals;
constexpr std::size_t kLimit = 1024 * 1024;

std::string deflated(Deflater& deflater, std::string_view message) {
  std::string out;
  deflater.deflate(message, out);
  return out;
}

/// The message, or the name of the reason why there is none.
std::string inflated(Inflater& inflater, std::string_view payload, std::size_t limit = kLimit) {
  std::string out;
  Reason why = inflater.inflate(payload, out, limit);
  if (why == Reason::kNone) why = inflater.finish(out, limit);
  EXPECT_LE(out.capacity(), 2 * limit + 64 * 1024);
  return why == Reason::kNone ? out : std::string(to_string(why));
}

TEST(Deflate, ExamplesOfTheRfc) {  // RFC 7692 §7.2.3
  Deflater deflater(15);
  EXPECT_EQ(deflated(deflater, "Hello"), "\xF2\x48\xCD\xC9\xC9\x07\x00"s);
  EXPECT_EQ(deflated(deflater, "Hello"), "\xF2\x00\x11\x00\x00"s) << "the context is taken over";
  EXPECT_EQ(deflated(deflater, ""), "\x00"s);

  Inflater inflater(15);
  EXPECT_EQ(inflated(inflater, "\xF2\x48\xCD\xC9\xC9\x07\x00"s), "Hello");
  EXPECT_EQ(inflated(inflater, "\xF2\x00\x11\x00\x00"s), "Hello");
  EXPECT_EQ(inflated(inflater, "\x00"s), "");
  EXPECT_EQ(inflated(inflater, "\x00\x05\x00\xFA\xFF\x48\x65\x6C\x6C\x6F\x00"s), "Hello")
      << "a block without compression";
  EXPECT_EQ(inflated(inflater, "\xF3\x48\xCD\xC9\xC9\x07\x00\x00"s), "Hello") << "BFINAL";
  EXPECT_EQ(inflated(inflater, "\xF2\x48\x05\x00\x00\x00\xFF\xFF\xCA\xC9\xC9\x07\x00"s), "Hello") << "two blocks";
}

TEST(Deflate, AFinalBlockDoesNotEndTheContext) {
  Inflater inflater(15);
  EXPECT_EQ(inflated(inflater, "\xF3\x48\xCD\xC9\xC9\x07\x00\x00"s), "Hello");
  EXPECT_EQ(inflated(inflater, "\xF2\x00\x11\x00\x00"s), "Hello") << "refers to the message before";
}

TEST(Deflate, WithoutTakeoverMessagesStandAlone) {
  Deflater deflater(12);
  Inflater inflater(12);
  const std::string first = deflated(deflater, "Hello");
  deflater.reset();
  EXPECT_EQ(deflated(deflater, "Hello"), first);
  EXPECT_EQ(inflated(inflater, first), "Hello");
  inflater.reset();
  EXPECT_EQ(inflated(inflater, "\xF2\x00\x11\x00\x00"s), "ws_deflate") << "refers to what is forgotten";
}

TEST(Deflate, EverySizeAndWindowGoesThrough) {
  for (int bits = 9; bits <= 15; ++bits) {
    Deflater deflater(bits);
    Inflater inflater(bits);
    for (const std::size_t size : {1U, 7U, 100U, 4096U, 16384U, 70000U, 300000U}) {
      std::string random(size, '\0');
      fill_random(random);
      std::string text;
      while (text.size() < size) text += "the quick brown fox " + std::to_string(text.size());
      ASSERT_EQ(inflated(inflater, deflated(deflater, random)), random) << bits << ' ' << size;
      const std::string small = deflated(deflater, text);
      ASSERT_EQ(inflated(inflater, small), text) << bits << ' ' << size;
      EXPECT_TRUE(size < 4096 || small.size() < size / 2);
    }
  }
}

TEST(Deflate, PiecesOfAnySizeAreAsTheWhole) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "line " + std::to_string(i * i);
  Deflater deflater(15);
  const std::string payload = deflated(deflater, text);
  for (const std::size_t step : {1U, 3U, 64U, 1000U}) {
    Inflater inflater(15);
    std::string out;
    for (std::size_t at = 0; at < payload.size(); at += step)
      ASSERT_EQ(inflater.inflate(std::string_view(payload).substr(at, step), out, kLimit), Reason::kNone);
    ASSERT_EQ(inflater.finish(out, kLimit), Reason::kNone);
    EXPECT_EQ(out, text);
  }
}

TEST(Deflate, BombsFailBeforeThereIsABufferForThem) {  // W-9, L-6
  Deflater deflater(15);
  const std::string bomb = deflated(deflater, std::string(64 * 1024 * 1024, '\0'));
  EXPECT_LT(bomb.size(), 100'000U);
  for (const std::size_t limit : {0U, 1U, 1000U, 64U * 1024}) {
    Inflater inflater(15);
    std::string out;
    EXPECT_EQ(inflater.inflate(bomb, out, limit), Reason::kWsMessageBytes);
    EXPECT_LE(out.size(), limit + 1);
    EXPECT_LE(out.capacity(), 2 * limit + 64);
  }
}

TEST(Deflate, TheLimitIsWhatAMessageMayHave) {
  Deflater deflater(15);
  for (const std::size_t size : {1U, 100U, 16384U, 16385U, 50000U}) {
    deflater.reset();
    const std::string payload = deflated(deflater, std::string(size, 'x'));
    Inflater inflater(15);
    EXPECT_EQ(inflated(inflater, payload, size), std::string(size, 'x'));
    inflater.reset();
    EXPECT_EQ(inflated(inflater, payload, size - 1), "ws_message_bytes");
  }
}

TEST(Deflate, GarbageIsRefused) {
  for (const std::string& payload : {"\xFF"s, "\x07"s, "\x06garbage"s, "\x04\xFF\xFF\xFF"s}) {
    Inflater inflater(15);
    EXPECT_EQ(inflated(inflater, payload), "ws_deflate") << testing::PrintToString(payload);
  }
}

TEST(CodecPool, LendsWhatHasForgotten) {
  CodecPool pool;
  auto inflater = pool.take_inflater();
  Inflater* const lent = inflater.get();
  EXPECT_EQ(inflated(*inflater, "\xF2\x48\xCD\xC9\xC9\x07\x00"s), "Hello");
  pool.give_inflater(std::move(inflater));
  inflater = pool.take_inflater();
  EXPECT_EQ(inflater.get(), lent);
  EXPECT_EQ(inflated(*inflater, "\xF2\x00\x11\x00\x00"s), "ws_deflate");

  const std::string first = deflated(pool.deflater(10), "Hello");
  EXPECT_EQ(deflated(pool.deflater(10), "Hello"), first);
}

}  // namespace
}  // namespace flare::ws
