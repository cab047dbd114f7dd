#include "flare/tls/tls_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <numeric>

#include "tests/support/secure_pair.h"

namespace flare::tls {
namespace {

using test::record_lengths;
using test::SecurePair;
using test::TlsClient;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::size_t kOverhead = 17;  // of a record of TLS 1.3 with GCM: the type, the tag

/// `size` bytes that tell where they belong.
std::string text_of(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i * 31 + i / 251) % 26);
  return text;
}

class TlsStreamOfVersion : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Versions, TlsStreamOfVersion, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

/// A pair whose handshake is done.
struct Connected : SecurePair {
  explicit Connected(const TlsClient::Options& options = {}, std::size_t piece_size = std::string::npos)
      : SecurePair(test::plain_context(), options) {
    piece = piece_size;
    const auto outcome = shake();
    EXPECT_TRUE(outcome) << client.error();
    EXPECT_TRUE(client.is_connected());
    if (stream->session().has_input()) static_cast<void>(read_all());
    static_cast<void>(stream->readable());  // lets the last flight leave
    answer();
    piece = std::string::npos;
    wire.writes = 0;
  }
  std::string plain() {
    answer();
    return std::exchange(client.plain(), {});
  }
  /// What the records of the next calls hold.
  std::vector<std::size_t> sizes() {
    std::vector<std::size_t> all = record_lengths(std::string_view(wire.sent).substr(taken));
    for (std::size_t& each : all) each -= kOverhead;
    return all;
  }
};

/// Writes all of `bytes` as the contract asks, with `call`: what was not taken is offered again.
template <class Call>
void write_all(std::string_view bytes, Call call) {
  for (int calls = 0; !bytes.empty(); ++calls) {
    ASSERT_LT(calls, 1'000'000);
    const Result<std::size_t> count = call(bytes);
    if (count) {
      ASSERT_LE(*count, bytes.size());
      bytes.remove_prefix(*count);
    } else {
      ASSERT_EQ(count.error().kind, ErrorKind::kWouldBlock);
    }
  }
}
void write_all(SecurePair& pair, std::string_view bytes) {
  write_all(bytes, [&](std::string_view rest) { return pair.stream->try_write(rest); });
}

// ---- handshake

TEST_P(TlsStreamOfVersion, ShakesHandsAndCarriesBothWays) {
  Connected pair({.name = "www.example.com", .version = GetParam()});
  pair.arrive(pair.client.write("a question"));
  EXPECT_EQ(pair.read_all().first, "a question");
  ASSERT_EQ(pair.stream->try_write("an answer"), 9U);
  EXPECT_EQ(pair.plain(), "an answer");
}

TEST_P(TlsStreamOfVersion, ShakesHandsInPiecesOfAnySize) {
  for (const std::size_t piece : {1U, 2U, 3U, 5U, 7U, 64U, 500U}) {
    Connected pair({.version = GetParam()}, piece);
    pair.arrive(pair.client.write("x"));
    EXPECT_EQ(pair.read_all().first, "x") << piece;
  }
}

TEST_P(TlsStreamOfVersion, ShakesHandsInWritesOfAnySize) {
  for (const std::size_t size : {1U, 3U, 100U}) {
    SecurePair pair(test::plain_context(), {.version = GetParam()});
    pair.wire.write_sizes.assign(5000, size);
    ASSERT_TRUE(pair.shake()) << size;
    write_all(pair, "x");
    pair.answer();
    EXPECT_EQ(pair.client.plain(), "x") << size;
  }
}

TEST(TlsStream, ReadsWhatCameWithTheEndOfTheHandshake) {
  SecurePair pair;
  pair.wire.peer = [&](test::Wire&) {
    std::string bytes = pair.client.exchange(pair.take_sent());
    if (pair.client.is_connected() && pair.client.plain().empty() && !bytes.empty())
      bytes += pair.client.write("early bird");
    pair.arrive(std::move(bytes));
  };
  ASSERT_TRUE(pair.shake());
  EXPECT_TRUE(pair.session().has_input());
  EXPECT_TRUE(pair.stream->readable().await_ready());
  EXPECT_EQ(pair.read_all().first, "early bird");
}

TEST(TlsStream, TellsWhyTheHandshakeEnds) {
  SecurePair leaves;
  leaves.wire.peer = nullptr;
  leaves.arrive(leaves.client.exchange({}).substr(0, 50));
  EXPECT_EQ(leaves.shake().error().kind, ErrorKind::kClosed);

  SecurePair resets;
  resets.wire.peer = nullptr;
  resets.wire.reset_at_end = true;
  EXPECT_EQ(resets.shake().error().kind, ErrorKind::kConnectionReset);

  SecurePair silent;
  silent.wire.peer = nullptr;
  silent.wire.silent_at_end = true;
  EXPECT_EQ(silent.shake().error().kind, ErrorKind::kTimeout);
}

TEST(TlsStream, RefusesGarbageAsItsFirstBytes) {
  SecurePair pair;
  pair.wire.peer = nullptr;
  pair.arrive(std::string("\x16\x03\x01\0\x05hello", 10));
  const auto outcome = pair.shake();
  EXPECT_EQ(outcome.error().kind, ErrorKind::kProtocol);
  EXPECT_EQ(outcome.error().reason, Reason::kTlsMalformed);
  EXPECT_FALSE(pair.session().failure().empty());
}

// ---- reading

TEST_P(TlsStreamOfVersion, ReadsIntoAsLittleAsAByte) {
  Connected pair({.version = GetParam()});
  const std::string text = text_of(40'000);
  for (const std::size_t size : {1U, 7U, 1000U, 16'384U, 65'536U}) {
    pair.arrive(pair.client.write(text));
    std::string into(size, '\0');
    std::string all;
    while (all.size() < text.size()) {
      const auto count = pair.stream->try_read(into);
      ASSERT_TRUE(count);
      ASSERT_NE(*count, 0U);
      all.append(into, 0, *count);
      if (all.size() < text.size()) {
        ASSERT_TRUE(pair.session().has_input()) << all.size();
        ASSERT_TRUE(pair.stream->readable().await_ready());
      }
    }
    EXPECT_EQ(all, text);
    EXPECT_FALSE(pair.session().has_input());
    EXPECT_EQ(pair.stream->try_read(into).error().kind, ErrorKind::kWouldBlock);
  }
}

TEST_P(TlsStreamOfVersion, ReadsRecordsThatArriveByteByByte) {
  Connected pair({.version = GetParam()});
  pair.piece = 1;
  pair.arrive({pair.client.write("one"), pair.client.write("two")});
  std::string all;
  while (!pair.wire.arriving.empty()) all += pair.read_all().first;
  EXPECT_EQ(all, "onetwo");
}

TEST(TlsStream, TakesAllRecordsThatHaveArrivedAtOnce) {
  Connected pair;
  std::string bytes;
  for (int i = 0; i < 50; ++i) bytes += pair.client.write(std::to_string(i) + ' ');
  pair.arrive(bytes);
  std::string into(4096, '\0');
  EXPECT_EQ(pair.stream->try_read(into), 140U);
}

TEST_P(TlsStreamOfVersion, EndsInOrderWithCloseNotify) {
  Connected pair({.version = GetParam()});
  pair.arrive({pair.client.write("last words"), pair.client.close_notify()});
  const auto [text, end] = pair.read_all(4);
  EXPECT_EQ(text, "last words");
  EXPECT_EQ(end.kind, ErrorKind::kClosed);
  EXPECT_TRUE(pair.stream->readable().await_ready());
  EXPECT_EQ(pair.read_all().second.kind, ErrorKind::kClosed) << "again";
  EXPECT_TRUE(pair.stream->try_write("still heard"));  // RFC 8446 §6.1: the other direction stays open
}

// What comes behind close_notify is ignored (RFC 8446 §6.1).
TEST(TlsStream, ReadsNothingBehindCloseNotify) {
  Connected pair;
  pair.arrive(pair.client.close_notify() + "anything at all, and much of it");
  EXPECT_EQ(pair.read_all().second.kind, ErrorKind::kClosed);
  EXPECT_EQ(pair.read_all().second.kind, ErrorKind::kClosed);
}

TEST(TlsStream, EndsInOrderWithoutCloseNotifyToo) {  // T-6
  Connected pair;
  pair.wire.stays_open = false;
  pair.arrive(pair.client.write("last words"));
  const auto [text, end] = pair.read_all();
  EXPECT_EQ(text, "last words");
  EXPECT_EQ(end.kind, ErrorKind::kClosed);
}

TEST_P(TlsStreamOfVersion, RefusesGarbage) {
  for (const std::string& garbage : {std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), std::string(100, '\0'),
                                     std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x'),
                                     std::string("\x17\x03\x03\xFF\xFF", 5) + std::string(100, 'x')}) {
    Connected pair({.version = GetParam()});
    pair.arrive(garbage);
    const auto [text, end] = pair.read_all();
    EXPECT_EQ(text, "");
    EXPECT_EQ(end.kind, ErrorKind::kProtocol);
    EXPECT_EQ(end.reason, Reason::kTlsMalformed);
    EXPECT_FALSE(pair.session().failure().empty());
    EXPECT_EQ(pair.stream->try_write("x").error().kind, ErrorKind::kBrokenPipe);
    EXPECT_EQ(pair.read_all().second.kind, ErrorKind::kProtocol) << "again";
    pair.stream.reset();
    pair.answer();
    EXPECT_FALSE(pair.client.was_told_the_end()) << "an alert, and no orderly end";
    EXPECT_NE(pair.client.alert(), -1);
  }
}

TEST_P(TlsStreamOfVersion, GivesWhatCameBeforeGarbage) {
  Connected pair({.version = GetParam()});
  pair.arrive(pair.client.write("good") + "GET / HTTP/1.1\r\n\r\n");
  const auto [text, end] = pair.read_all();
  EXPECT_EQ(text, "good");
  EXPECT_EQ(end.kind, ErrorKind::kProtocol);
  EXPECT_EQ(end.reason, Reason::kTlsMalformed);
}

TEST(TlsStream, GoesOnAfterKeyUpdates) {
  Connected pair;
  pair.arrive({pair.client.write("one "), pair.client.key_update(), pair.client.write("two "), pair.client.key_update(),
               pair.client.write("three")});
  EXPECT_EQ(pair.read_all().first, "one two three");
  ASSERT_EQ(pair.stream->try_write("four"), 4U);
  EXPECT_EQ(pair.plain(), "four");
  EXPECT_EQ(pair.client.error(), "");
  pair.arrive(pair.client.write("five"));
  EXPECT_EQ(pair.read_all().first, "five");
}

// ---- writing

// What tls_stream.h calls the debt: whatever a write took, in whatever pieces it left, each byte arrives once.
TEST_P(TlsStreamOfVersion, LosesAndRepeatsNothingInShortWrites) {
  const std::string text = text_of(3000);
  for (std::size_t size = 1; size < 400; size += size < 64 ? 1 : 37) {
    Connected pair({.version = GetParam()});
    pair.wire.write_sizes.assign(20'000, size);
    write_all(pair, text);
    EXPECT_EQ(pair.plain(), text) << size;
    EXPECT_EQ(pair.client.error(), "");
  }
}

TEST(TlsStream, LosesAndRepeatsNothingWhereverTheFirstWriteStops) {
  const std::string text = text_of(300);
  for (std::size_t size = 0; size <= text.size() + 30; ++size) {
    Connected pair;
    pair.wire.write_sizes = {size, 0, 0, 1, 0};
    write_all(pair, text);
    EXPECT_EQ(pair.plain(), text) << size;
  }
}

TEST(TlsStream, LosesAndRepeatsNothingOneByteAtATime) {
  const std::string text = text_of(200);
  for (const std::size_t size : {0U, 1U, 5U, 21U, 22U, 23U, 24U, 50U}) {
    Connected pair;
    for (int i = 0; i < 300; ++i) pair.wire.write_sizes.push_back(i % 3 == 0 ? size : i % 3 == 1 ? 0 : 7);
    for (const char c : text) write_all(pair, {&c, 1});
    EXPECT_EQ(pair.plain(), text) << size;
  }
}

TEST(TlsStream, LosesAndRepeatsNothingOfABurst) {
  const std::string text = text_of(400'000);
  for (const std::size_t size : {0U, 1000U, 4096U, 16'406U, 50'000U, 65'536U, 65'700U}) {
    Connected pair;
    for (int i = 0; i < 500; ++i) pair.wire.write_sizes.push_back(i % 2 == 0 ? size : 0);
    write_all(pair, text);
    EXPECT_EQ(pair.plain(), text) << size;
  }
}

// The rest may leave by way of reading, too, before the writer is back.
TEST(TlsStream, LosesAndRepeatsNothingThatLeavesWhileReading) {
  const std::string text = text_of(500);
  Connected pair;
  pair.wire.write_sizes = {100, 0};
  const auto taken = pair.stream->try_write(text);
  ASSERT_EQ(taken, text.size() - 1);
  static_cast<void>(pair.stream->readable());
  EXPECT_NE(pair.stream->unacknowledged(), 0U);
  static_cast<void>(pair.stream->readable());
  EXPECT_EQ(pair.stream->unacknowledged(), 0U);
  write_all(pair, std::string_view(text).substr(*taken));
  write_all(pair, "and more");
  EXPECT_EQ(pair.plain(), text + "and more");
}

TEST(TlsStream, OwesNothingForAnEmptyWrite) {
  for (const std::size_t size : {0U, 1U, 20U}) {
    Connected pair;
    pair.wire.write_sizes = {size, 0, 3, 0};
    ASSERT_EQ(pair.stream->try_write("ab"), 1U);
    for (int i = 0; i < 5; ++i) {
      const auto nothing = pair.stream->try_write("");
      if (nothing) EXPECT_EQ(*nothing, 0U);
    }
    write_all(pair, "b");
    EXPECT_EQ(pair.plain(), "ab") << size;
  }
  Connected held;
  ASSERT_EQ(held.stream->try_write("held", io::Ahead::kMore), 4U);
  held.wire.write_sizes = {3, 0};
  const auto nothing = held.stream->try_write("");
  EXPECT_TRUE(!nothing || *nothing == 0U);
  write_all(held, " and gone");
  EXPECT_EQ(held.plain(), "held and gone");
}

TEST(TlsStream, TakesSixtyFourKilobytesAtMost) {
  Connected pair;
  const std::string text = text_of(100'000);
  EXPECT_EQ(pair.stream->try_write(text), Scratch::kPlain);
  EXPECT_EQ(pair.wire.writes, 1U);
}

TEST(TlsStream, TakesNoMoreWhileASlowReaderHasNotTakenTheLast) {
  Connected pair;
  const std::string text = text_of(50'000);
  pair.wire.write_sizes.assign(10, 0);
  ASSERT_EQ(pair.stream->try_write(text), text.size() - 1);
  const std::size_t waiting = pair.stream->unacknowledged();
  EXPECT_EQ(pair.stream->try_write(text).error().kind, ErrorKind::kWouldBlock);
  EXPECT_EQ(pair.stream->unacknowledged(), waiting);
}

TEST(TlsStream, SharesARecordAmongSmallPieces) {
  Connected pair;
  std::string head = "HTTP/1.1 200 OK\r\n\r\n", body = "small";
  const std::array<iovec, 3> pieces{iovec{head.data(), head.size()}, iovec{nullptr, 0},
                                    iovec{body.data(), body.size()}};
  EXPECT_EQ(pair.stream->try_writev(pieces), head.size() + body.size());
  EXPECT_THAT(pair.sizes(), ElementsAre(head.size() + body.size()));
  EXPECT_EQ(pair.wire.writes, 1U);
  EXPECT_EQ(pair.plain(), head + body);
}

TEST(TlsStream, WritesPiecesInShortWrites) {
  const std::string text = text_of(200'000);
  Connected pair;
  pair.wire.write_sizes.assign(100, 9001);
  write_all(text, [&](std::string_view rest) {
    std::string one(rest.substr(0, rest.size() / 3)), other(rest.substr(rest.size() / 3));
    const std::array<iovec, 2> pieces{iovec{one.data(), one.size()}, iovec{other.data(), other.size()}};
    return pair.stream->try_writev(pieces);
  });
  EXPECT_EQ(pair.plain(), text);
}

// The first records fit a segment and the first round trips, the next are as large as may be.
TEST(TlsStream, BeginsABurstWithSmallRecords) {
  Connected pair;
  write_all(pair, text_of(1400 + 2800 + 5600 + 11'200 + 2 * 16'384));
  EXPECT_THAT(pair.sizes(), ElementsAre(1400, 2800, 5600, 11'200, 16'384, 16'384));
  EXPECT_EQ(pair.wire.writes, 1U);
  pair.answer();
  write_all(pair, text_of(20'000));
  EXPECT_THAT(pair.sizes(), ElementsAre(16'384, 20'000 - 16'384));
  pair.answer();
  write_all(pair, text_of(1000));
  EXPECT_THAT(pair.sizes(), ElementsAre(1000));
}

TEST(TlsStream, HoldsBackWhatMoreFollows) {
  Connected pair;
  EXPECT_EQ(pair.stream->try_write("head", io::Ahead::kMore), 4U);
  EXPECT_EQ(pair.stream->try_write("more", io::Ahead::kMore), 4U);
  EXPECT_EQ(pair.wire.writes, 0U);
  EXPECT_NE(pair.stream->unacknowledged(), 0U);
  EXPECT_EQ(pair.stream->try_write("body"), 4U);
  EXPECT_EQ(pair.wire.writes, 1U);
  EXPECT_EQ(pair.stream->unacknowledged(), 0U);
  EXPECT_EQ(pair.plain(), "headmorebody");
}

TEST(TlsStream, HoldsBackLittleAndNotForLong) {
  Connected pair;
  const std::string text = text_of(5000);
  EXPECT_EQ(pair.stream->try_write(text, io::Ahead::kMore), text.size());
  EXPECT_EQ(pair.wire.writes, 1U) << "too much to hold";
  EXPECT_EQ(pair.stream->try_write("head", io::Ahead::kMore), 4U);
  EXPECT_EQ(pair.wire.writes, 1U);
  static_cast<void>(pair.stream->readable());  // whoever waits for an answer has nothing to add
  EXPECT_EQ(pair.wire.writes, 2U);
  EXPECT_EQ(pair.plain(), text + "head");
}

TEST(TlsStream, PaysTheDebtBeforeHoldingBack) {
  Connected pair;
  pair.wire.write_sizes = {10, 0};
  ASSERT_EQ(pair.stream->try_write("abc"), 2U);
  ASSERT_EQ(pair.stream->try_write("c", io::Ahead::kMore), 1U);
  ASSERT_EQ(pair.stream->try_write("de", io::Ahead::kMore), 2U);
  write_all(pair, "f");
  EXPECT_EQ(pair.plain(), "abcdef");
}

TEST(TlsStream, SendsFiles) {
  const std::string text = text_of(200'000);
  const net::UniqueFd file(::memfd_create("content", MFD_CLOEXEC));
  ASSERT_EQ(::write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{30'000}, text.size()}) {
    Connected pair;
    for (int i = 0; i < 100; ++i) pair.wire.write_sizes.push_back(i % 2 == 0 ? size : 0);
    constexpr std::uint64_t kFirst = 10;
    const std::uint64_t last = text.size() - 20;
    std::uint64_t offset = kFirst;
    while (offset < last) {
      const std::uint64_t before = offset;
      const auto sent = pair.stream->try_send_file(file.get(), offset, last - offset);
      EXPECT_EQ(offset - before, sent.value_or(0));
      if (!sent) ASSERT_EQ(sent.error().kind, ErrorKind::kWouldBlock);
    }
    EXPECT_EQ(offset, last);
    EXPECT_EQ(pair.plain(), text.substr(kFirst, last - kFirst)) << size;
  }
}

TEST(TlsStream, SendsNothingOfAFileBeyondItsEnd) {
  const net::UniqueFd file(::memfd_create("content", MFD_CLOEXEC));
  Connected pair;
  std::uint64_t offset = 5;
  EXPECT_EQ(pair.stream->try_send_file(file.get(), offset, 10), 0U);
  EXPECT_EQ(offset, 5U);
  EXPECT_EQ(pair.stream->try_send_file(-1, offset, 10).error().kind, ErrorKind::kSystem);
}

TEST(TlsStream, PassesOnThatThePeerIsGone) {
  Connected pair;
  pair.wire.reset_after_sent = pair.wire.sent.size();
  EXPECT_EQ(pair.stream->try_write("x").error().kind, ErrorKind::kConnectionReset);
}

// ---- the end

TEST_P(TlsStreamOfVersion, SaysCloseNotifyWhenItEnds) {
  Connected pair({.version = GetParam()});
  ASSERT_TRUE(pair.stream->try_write("last words", io::Ahead::kMore));
  pair.stream.reset();
  EXPECT_EQ(pair.plain(), "last words");
  EXPECT_TRUE(pair.client.was_told_the_end());
  EXPECT_EQ(pair.client.alert(), SSL_AD_CLOSE_NOTIFY);
  EXPECT_FALSE(pair.wire.aborted);
}

TEST_P(TlsStreamOfVersion, SaysCloseNotifyOnceWhenWritingEnds) {
  Connected pair({.version = GetParam()});
  ASSERT_TRUE(pair.stream->try_write("last words", io::Ahead::kMore));
  ASSERT_TRUE(pair.stream->shutdown_write());
  EXPECT_TRUE(pair.wire.write_shut);
  const std::size_t sent = pair.wire.sent.size();
  EXPECT_EQ(pair.plain(), "last words");
  EXPECT_TRUE(pair.client.was_told_the_end());
  EXPECT_EQ(pair.stream->try_write("too late").error().kind, ErrorKind::kBrokenPipe);
  pair.arrive(pair.client.write("the other way is open"));
  EXPECT_EQ(pair.read_all().first, "the other way is open");
  pair.stream.reset();
  EXPECT_EQ(pair.wire.sent.size(), sent);
}

TEST_P(TlsStreamOfVersion, SaysNothingAfterAnAbort) {
  Connected pair({.version = GetParam()});
  pair.stream->abort();
  EXPECT_TRUE(pair.wire.aborted);
  pair.stream.reset();
  EXPECT_EQ(pair.plain(), "");
  EXPECT_FALSE(pair.client.was_told_the_end());
  EXPECT_EQ(pair.client.alert(), -1);
}

TEST(TlsStream, SaysNothingWhenItsHandshakeNeverBegan) {
  SecurePair pair;
  pair.stream.reset();
  EXPECT_EQ(pair.wire.sent, "");
}

TEST(TlsStream, IsMovable) {
  Connected pair;
  SecurePair::Stream moved(std::move(*pair.stream));
  pair.stream.reset();
  EXPECT_FALSE(pair.client.was_told_the_end());
  ASSERT_EQ(moved.try_write("x"), 1U);
  EXPECT_EQ(pair.plain(), "x");
}

}  // namespace
}  // namespace flare::tls
