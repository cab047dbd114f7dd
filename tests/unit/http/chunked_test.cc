#include "flare/http/chunked.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

namespace flare::http {
namespace {

using namespace std::string_literals;

struct Decoded {
  std::string content;
  std::size_t consumed = 0;
  bool done = false;
  Reason reason = Reason::kNone;

  friend bool operator==(const Decoded&, const Decoded&) = default;
};

void feed(ChunkedDecoder& decoder, std::string_view piece, Decoded& out) {
  while (!piece.empty() && !out.done && out.reason == Reason::kNone) {
    const auto step = decoder.decode(piece);
    if (!step) {
      out.reason = step.error();
      return;
    }
    EXPECT_TRUE(step->consumed > 0);
    out.content += step->content;
    out.consumed += step->consumed;
    out.done = step->done;
    piece.remove_prefix(step->consumed);
  }
}

/// Decodes whole, byte by byte and in two pieces cut everywhere; all must agree on everything but where a refusal was
/// seen.
Decoded decode(const std::string& body, const Limits& limits = {}) {
  ChunkedDecoder decoder(limits);
  Decoded whole;
  feed(decoder, body, whole);
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    ChunkedDecoder split_decoder(limits);
    Decoded split;
    feed(split_decoder, std::string_view(body).substr(0, cut), split);
    feed(split_decoder, std::string_view(body).substr(cut), split);
    if (whole.reason == Reason::kNone) EXPECT_EQ(split, whole) << body << " cut at " << cut;
    EXPECT_EQ(split.reason, whole.reason) << body << " cut at " << cut;
    EXPECT_EQ(split.content, whole.content) << body << " cut at " << cut;
  }
  ChunkedDecoder byte_decoder(limits);
  Decoded bytes;
  for (std::size_t i = 0; i < body.size(); ++i) feed(byte_decoder, std::string_view(body).substr(i, 1), bytes);
  EXPECT_EQ(bytes.content, whole.content) << body;
  EXPECT_EQ(bytes.reason, whole.reason) << body;
  EXPECT_EQ(bytes.done, whole.done) << body;
  return whole;
}

TEST(ChunkedDecoder, JoinsChunksAndStopsBehindTheBody_H13) {
  struct {
    std::string body, content;
  } const table[] = {
      {"0\r\n\r\n", ""},
      {"5\r\nhello\r\n0\r\n\r\n", "hello"},
      {"5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\n", "hello world"},
      {"a\r\n0123456789\r\n000\r\n\r\n", "0123456789"},
      {"A\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
      {"0000000000000002\r\n\r\n\r\n0\r\n\r\n", "\r\n"},
      {"1f\r\n" + std::string(31, 'x') + "\r\n0\r\n\r\n", std::string(31, 'x')},
  };
  for (const auto& [body, content] : table) {
    EXPECT_EQ(decode(body), (Decoded{content, body.size(), true, Reason::kNone}));
    EXPECT_EQ(decode(body + "GET / HTTP/1.1\r\n"), (Decoded{content, body.size(), true, Reason::kNone}));
    for (std::size_t size = 0; size < body.size(); ++size)
      EXPECT_FALSE(decode(body.substr(0, size)).done) << body << size;
  }
}

TEST(ChunkedDecoder, RefusesBadSizesAndLineEndings_H2_H13) {
  for (const std::string& body : {
           "\r\n"s,
           " 5\r\n"s,
           "+5\r\n"s,
           "-5\r\n"s,
           "0x5\r\n"s,
           "g\r\n"s,
           ";a\r\n"s,
           "\n"s,
           "5 \r\n"s,
           "5\t\r\n"s,
           "5\n"s,
           "5\r5"s,
           "5\r\r\n"s,
           "00000000000000001\r\n"s,
           "10000000000000000\r\n"s,
           "fffffffffffffffff\r\n"s,
           "5,5\r\n"s,
           "1\r\nab\r\n"s,
           "1\r\na\n"s,
           "1\r\na\r5"s,
           "1\r\na0\r\n"s,
           "1\r\na\r\n\r\n"s,
           "\0"s,
           "5\0\r\n"s,
       }) {
    EXPECT_EQ(decode(body).reason, Reason::kBadChunk) << body;
  }
}

TEST(ChunkedDecoder, TakesTheLargestSizeWithoutOverflow_H13) {
  const Decoded decoded = decode("ffffffffffffffff\r\nabc");
  EXPECT_EQ(decoded, (Decoded{"abc", 21, false, Reason::kNone}));
}

TEST(ChunkedDecoder, DropsExtensions_H13) {
  for (const char* extension : {";a", ";a=b", ";a=\"b;\\\" c\"", ";a;b;c", " ; a = b", "\t;\ta\t=\t\"\"\t;b",
                                ";a=\"\xC3\xA9\t\\\\\"", ";a ;b", ";a=b ;c"}) {
    EXPECT_EQ(decode("1"s + extension + "\r\nx\r\n0"s + extension + "\r\n\r\n").content, "x") << extension;
    EXPECT_TRUE(decode("1"s + extension + "\r\nx\r\n0"s + extension + "\r\n\r\n").done) << extension;
  }
  for (const std::string& extension :
       {";"s,         ";;"s,     ";a;"s,         ";a="s,           ";a=\""s,     ";a=\"b"s, ";a=\"b\\"s,  ";a=\"b\"c"s,
        ";=b"s,       ";a b"s,   ";a=b c"s,      ";a=b=c"s,        "z"s,         " a"s,     ";a "s,       ";a=b "s,
        ";a=\"b\" "s, ";a\x01"s, ";a=\"\x7F\""s, ";a=\"\\\x01\""s, ";a=\"\n\""s, ";a\n"s,   ";\xC3\xA9"s, ";a=@"s}) {
    EXPECT_EQ(decode("1" + extension + "\r\nx\r\n0\r\n\r\n").reason, Reason::kBadChunk) << extension;
  }
}

TEST(ChunkedDecoder, LimitsExtensions_H13) {
  const std::string longest = ";" + std::string(255, 'a');
  EXPECT_TRUE(decode("1" + longest + "\r\nx\r\n0" + longest + "\r\n\r\n").done);
  EXPECT_EQ(decode("1" + longest + "a\r\nx\r\n0\r\n\r\n").reason, Reason::kChunkExtensionBytes);

  std::string body;
  for (int i = 0; i < 64; ++i) body += "1" + longest + "\r\nx\r\n";
  ChunkedDecoder decoder{Limits()};
  Decoded decoded;
  feed(decoder, body, decoded);
  EXPECT_EQ(decoded.content.size(), 64U);
  EXPECT_EQ(decoded.reason, Reason::kNone);
  feed(decoder, "0;", decoded);
  EXPECT_EQ(decoded.reason, Reason::kChunkExtensionBytes);
}

TEST(ChunkedDecoder, ChecksTrailersAndDropsThem_H14) {
  const std::string good = "X-Sum: 1\r\nContent-Length: 5\r\nHost:\r\nX: \t caf\xC3\xA9 \r\n";
  const std::string body = "1\r\nx\r\n0\r\n" + good + "\r\n";
  EXPECT_EQ(decode(body + "GET"), (Decoded{"x", body.size(), true, Reason::kNone}));
  for (const std::string& trailer : {"X"s, ": a"s, "X : a"s, " X: a"s, "X: a\r\n b"s, "X: a\n"s, "X: a\rY"s, "X: \0"s,
                                     "X: \x7F"s, "\n"s, "\rX"s, "X\n: a"s, "X(: a"s, "\xC3\xA9: a"s}) {
    EXPECT_EQ(decode("0\r\n" + trailer + "\r\n\r\n").reason, Reason::kBadTrailer) << trailer;
  }
}

TEST(ChunkedDecoder, HoldsTrailersToTheHeaderLimits_H14) {
  EXPECT_TRUE(decode("0\r\nA: 1\r\nB: 2\r\n\r\n", {.header_bytes = 14, .header_count = 2}).done);
  EXPECT_EQ(decode("0\r\nA: 1\r\nB: 2\r\n\r\n", {.header_bytes = 13}).reason, Reason::kHeaderBytes);
  EXPECT_EQ(decode("0\r\nA: 1\r\nB: 2\r\n\r\n", {.header_count = 1}).reason, Reason::kHeaderCount);
}

TEST(ChunkHead, WritesTheSizeInHex) {
  struct {
    std::uint64_t size;
    const char* head;
  } const table[] = {{1, "1\r\n"},
                     {15, "f\r\n"},
                     {16, "10\r\n"},
                     {65536, "10000\r\n"},
                     {std::numeric_limits<std::uint64_t>::max(), "ffffffffffffffff\r\n"}};
  for (const auto& [size, head] : table) {
    std::array<char, kMaxChunkHead> buffer;
    EXPECT_EQ(chunk_head(size, buffer), head);
  }
}

TEST(ChunkHead, MakesBodiesThatTheDecoderReads) {
  std::string body;
  std::array<char, kMaxChunkHead> buffer;
  for (const std::string& part : {"a"s, std::string(300, 'b'), "c\r\n"s}) {
    body.append(chunk_head(part.size(), buffer)).append(part).append(kChunkEnd);
  }
  body += kLastChunk;
  EXPECT_EQ(decode(body), (Decoded{"a" + std::string(300, 'b') + "c\r\n", body.size(), true, Reason::kNone}));
}

}  // namespace
}  // namespace flare::http
