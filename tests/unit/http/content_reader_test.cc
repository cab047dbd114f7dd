#include "flare/http/content_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace flare::http {
namespace {

ContentReader reader_for(Framing framing, std::uint64_t length = 0) {
  RequestHead head;
  head.framing = framing;
  head.content_length = length;
  return {head, Limits{}};
}
ContentReader of_length(std::uint64_t length) { return reader_for(Framing::kLength, length); }
ContentReader of_chunks() { return reader_for(Framing::kChunked); }

/// Feeds `input` in pieces of at most `piece` bytes; the content, and how much was consumed.
std::pair<std::string, std::size_t> read(ContentReader& reader, std::string_view input, std::size_t piece) {
  std::string content;
  std::size_t consumed = 0;
  for (std::size_t end = std::min(piece, input.size()); !reader.done();) {
    const auto step = reader.step(input.substr(consumed, end - consumed));
    if (!step) return {"error", consumed};
    content += step->piece;
    consumed += step->consumed;
    if (step->consumed == 0) {
      if (end == input.size()) break;
      end = std::min(end + piece, input.size());
    }
  }
  return {content, consumed};
}

TEST(ContentReader, NoContentIsDoneFromTheStart) {
  for (ContentReader reader : {ContentReader(), ContentReader(RequestHead{}, Limits{}), of_length(0)}) {
    EXPECT_TRUE(reader.done());
    EXPECT_EQ(reader.remaining(), 0U);
    const auto step = reader.step("GET / HTTP/1.1\r\n");
    ASSERT_TRUE(step);
    EXPECT_EQ(step->consumed, 0U);
  }
}

TEST(ContentReader, StopsAtTheEndOfEitherFramingHoweverItComes) {
  const std::string chunks = "3\r\nabc\r\n4;x\r\ndefg\r\n0\r\nT: 1\r\n\r\n";
  for (std::size_t piece = 1; piece < 40; ++piece) {
    ContentReader length = of_length(7);
    EXPECT_EQ(read(length, "abcdefgGET /", piece), std::pair(std::string("abcdefg"), std::size_t{7})) << piece;
    EXPECT_TRUE(length.done());
    ContentReader chunked = of_chunks();
    EXPECT_EQ(read(chunked, chunks + "GET /", piece), std::pair(std::string("abcdefg"), chunks.size())) << piece;
    EXPECT_TRUE(chunked.done());
    EXPECT_EQ(chunked.remaining(), 0U);
  }
}

TEST(ContentReader, KnowsWhatRemainsWhereALengthSaysIt) {
  ContentReader reader = of_length(10);
  EXPECT_EQ(reader.remaining(), 10U);
  ASSERT_TRUE(reader.step("abc"));
  EXPECT_EQ(reader.remaining(), 7U);
  EXPECT_FALSE(reader.done());
  EXPECT_EQ(of_chunks().remaining(), std::nullopt);
}

TEST(ContentReader, AResponseMayEndWithItsConnection) {
  ResponseHead head;
  head.framing = BodyFraming::kUntilClose;
  ContentReader reader(head, ResponseHeadLimits{});
  EXPECT_EQ(reader.remaining(), std::nullopt);
  EXPECT_EQ(read(reader, "0\r\n\r\nall of it", 3).first, "0\r\n\r\nall of it");
  EXPECT_FALSE(reader.done());
  EXPECT_TRUE(reader.end_of_stream());
  EXPECT_TRUE(reader.done());
}

TEST(ContentReader, TheConnectionsEndCompletesNothingElse) {
  for (const BodyFraming framing : {BodyFraming::kLength, BodyFraming::kChunked}) {
    ResponseHead head;
    head.framing = framing;
    head.content_length = 5;
    ContentReader reader(head, ResponseHeadLimits{});
    ASSERT_TRUE(reader.step("4"));
    EXPECT_FALSE(reader.end_of_stream());
  }
}

TEST(ContentReader, GivesTheTrailerSectionHoweverItComes) {
  const std::string section = "T: 1\r\nU: 2\r\n\r\n";
  const std::string input = "3\r\nabc\r\n0\r\n" + section + "HTTP/1.1";
  for (std::size_t piece = 1; piece <= input.size(); ++piece) {
    ContentReader reader = of_chunks();
    std::string trailers;
    std::size_t consumed = 0;
    for (std::size_t end = piece; !reader.done(); end += piece) {
      for (std::size_t taken = 1; taken != 0 && !reader.done();) {
        const auto step = reader.step(std::string_view(input).substr(consumed, std::max(end, consumed) - consumed));
        ASSERT_TRUE(step);
        consumed += taken = step->consumed;
        trailers += step->trailers;
      }
    }
    EXPECT_EQ(trailers, section) << piece;
    EXPECT_EQ(consumed, input.size() - 8);
  }
}

TEST(ContentReader, TrailersOfAResponseKeepToItsLimits) {
  ResponseHead head;
  head.framing = BodyFraming::kChunked;
  ContentReader reader(head, ResponseHeadLimits{.header_bytes = 20, .header_count = 1});
  const auto step = reader.step("0\r\nA: 1\r\nB: 2\r\n\r\n");
  ASSERT_FALSE(step);
  EXPECT_EQ(step.error(), Reason::kHeaderCount);
}

TEST(ContentReader, ACopyLooksAhead) {
  ContentReader reader = of_chunks();
  ContentReader ahead = reader;
  read(ahead, "1\r\na\r\n0\r\n\r\n", 100);
  EXPECT_TRUE(ahead.done());
  EXPECT_FALSE(reader.done());
}

TEST(ContentReader, GivesTheReasonWhereChunksAreMalformed) {
  ContentReader reader = of_chunks();
  const auto step = reader.step("x\r\n");
  ASSERT_FALSE(step);
  EXPECT_EQ(step.error(), Reason::kBadChunk);
  const auto again = reader.step("0\r\n\r\n");
  ASSERT_FALSE(again) << "where malformed content ends is unknown";
  EXPECT_EQ(again.error(), Reason::kBadChunk);
  EXPECT_FALSE(reader.done());
}

}  // namespace
}  // namespace flare::http
