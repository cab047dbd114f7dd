#include "flare/http/response_head_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "flare/http/header_map.h"
#include "support/guarded_input.h"

namespace flare::http {
namespace {

using namespace std::string_literals;
using Outcome = std::expected<std::size_t, Reason>;

/// Parses every prefix, each one before an unreadable page: before the end of the head a prefix is incomplete or
/// refused like the whole, never taken. Then the outcome of the whole.
Outcome parse_every_prefix(const std::string& input, ResponseHead& head, Method method = Method::kGet,
                           const ResponseHeadLimits& limits = {}) {
  const Outcome whole = parse_response_head(input, method, limits, head);
  ResponseHead other;
  for (std::size_t size = 0; size <= input.size(); ++size) {
    const test::GuardedInput prefix(std::string_view(input).substr(0, size));
    const Outcome outcome = parse_response_head(prefix.view(), method, limits, other);
    EXPECT_TRUE(outcome == whole || (outcome == Outcome(0) && (!whole || size < *whole))) << size << " of " << input;
  }
  return whole;
}

Reason refused(const std::string& input, Method method = Method::kGet, const ResponseHeadLimits& limits = {}) {
  ResponseHead head;
  const Outcome outcome = parse_every_prefix(input, head, method, limits);
  EXPECT_FALSE(outcome) << input;
  return outcome ? Reason::kNone : outcome.error();
}

TEST(ResponseHead, GivesStatusPhraseAndFieldsAsViews) {
  const std::string input = "HTTP/1.1 404 Not Found\r\nServer: x\r\nX-Empty:\r\nSet-Cookie: \t a=b \r\n\r\nrest";
  ResponseHead head;
  ASSERT_EQ(parse_every_prefix(input, head), Outcome(input.size() - 4));
  EXPECT_EQ(head.status, Status::kNotFound);
  EXPECT_EQ(head.reason_phrase, "Not Found");
  EXPECT_EQ(head.minor_version, 1);
  ASSERT_EQ(head.fields.size(), 3U);
  EXPECT_EQ(head.fields[1].value, "");
  EXPECT_EQ(head.fields[2].name, "Set-Cookie");
  EXPECT_EQ(head.fields[2].value, "a=b");
  EXPECT_EQ(head.fields[2].value.data(), input.data() + input.find("a=b"));
}

TEST(ResponseHead, APhraseMayBeEmptyOrAnyText) {
  for (const auto& [line, phrase] :
       {std::pair("HTTP/1.1 200 "s, ""s), {"HTTP/1.0 200 \t\xC3\xA9 !"s, "\t\xC3\xA9 !"s}}) {
    const std::string input = line + "\r\n\r\n";
    ResponseHead head;
    ASSERT_EQ(parse_every_prefix(input, head), Outcome(input.size())) << line;
    EXPECT_EQ(head.reason_phrase, phrase);
  }
}

TEST(ResponseHead, RefusesWhatIsNoStatusLine) {
  for (const char* line : {"HTTP/1.1 200", "HTTP/1.1  200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 099 x",
                           "HTTP/1.1 600 x", "http/1.1 200 OK", "HTTP/11 200 OK", "HTTP/0.9 200 OK", " HTTP/1.1 200 OK",
                           "HTTP/1.1\t200 OK", "SSH-2.0-x", "", "HTTP/1.1 200 a\x01z", "ICY 200 OK"}) {
    EXPECT_EQ(refused(line + "\r\n\r\n"s), Reason::kBadStatusLine) << line;
  }
  EXPECT_EQ(refused("HTTP/2.0 200 OK\r\n\r\n"), Reason::kVersionNotSupported);
  EXPECT_EQ(refused("HTTP/1.1 200 OK\n\n"), Reason::kBadLineEnding);
  EXPECT_EQ(refused("HTTP/1.1 200 O\rK\r\n\r\n"), Reason::kBadLineEnding);
}

TEST(ResponseHead, RefusesBadFieldLines) {
  const auto with = [](const std::string& lines) { return "HTTP/1.1 200 OK\r\n" + lines + "\r\n\r\n"; };
  EXPECT_EQ(refused(with("A: b\r\n c")), Reason::kObsFold);
  EXPECT_EQ(refused(with("A : b")), Reason::kBadHeaderName);
  EXPECT_EQ(refused(with(": b")), Reason::kBadHeaderName);
  EXPECT_EQ(refused(with("A\r\nB: c")), Reason::kBadHeaderName);
  EXPECT_EQ(refused(with("A: b\0c"s)), Reason::kBadHeaderValue);
  EXPECT_EQ(refused(with("A: b\nC: d")), Reason::kBadLineEnding);
}

// HeaderMap::append_parsed() relies on it: a proxy's answer is made of these.
TEST(ResponseHead, TakesNoFieldThatHeaderMapWouldRefuse) {
  for (int c = 0; c < 256; ++c) {
    const std::string byte(1, static_cast<char>(c));
    for (const auto& [name, value] : {std::pair("x" + byte + "y", "v"s), std::pair("x"s, "v" + byte + "w"),
                                      std::pair("x"s, byte + "v"), std::pair("x"s, "v" + byte)}) {
      const std::string input = "HTTP/1.1 200 OK\r\n" + name + ": " + value + "\r\n\r\n";
      ResponseHead head;
      const Outcome taken = parse_response_head(input, Method::kGet, {}, head);
      if (!taken || *taken == 0) continue;
      HeaderMap parsed;
      HeaderMap checked;
      for (const Field& field : head.fields) {
        parsed.append_parsed(field.name, field.value);
        ASSERT_NO_THROW(checked.append(field.name, field.value)) << c;
      }
      EXPECT_EQ(parsed.encoded(), checked.encoded()) << c;
    }
  }
}

TEST(ResponseHead, KeepsToItsLimitsAlsoWhereItIsIncomplete) {
  EXPECT_EQ(refused("HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\n\r\n", Method::kGet, {.header_count = 1}),
            Reason::kHeaderCount);
  EXPECT_EQ(refused("HTTP/1.1 200 OK\r\nA: " + std::string(50, 'x'), Method::kGet, {.header_bytes = 40}),
            Reason::kHeaderBytes);
}

struct FramingCase {
  std::string rest;  ///< after "HTTP/1."
  Method method;
  BodyFraming framing;
  bool keep_alive;
};

TEST(ResponseHead, SaysHowItsContentEnds) {  // RFC 9112 §6.3
  using enum BodyFraming;
  for (const auto& [rest, method, framing, keep_alive] : {
           FramingCase{"1 200 OK\r\nContent-Length: 5", Method::kGet, kLength, true},
           {"1 200 OK\r\nContent-Length: 5\r\ncontent-length: 5", Method::kGet, kLength, true},
           {"1 200 OK\r\nContent-Length: 0", Method::kPost, kLength, true},
           {"1 200 OK\r\nTransfer-Encoding: Chunked", Method::kGet, kChunked, true},
           {"1 200 OK\r\nX: y", Method::kGet, kUntilClose, false},
           {"0 200 OK\r\nContent-Length: 5", Method::kGet, kLength, false},
           {"0 200 OK\r\nContent-Length: 5\r\nConnection: Keep-Alive", Method::kGet, kLength, true},
           {"1 200 OK\r\nContent-Length: 5\r\nConnection: x, Close", Method::kGet, kLength, false},
           {"1 200 OK\r\nContent-Length: 5", Method::kHead, kNone, true},
           {"1 200 OK\r\nTransfer-Encoding: chunked", Method::kHead, kNone, true},
           {"1 200 OK\r\nX: y", Method::kHead, kNone, true},
           {"1 304 Not Modified\r\nContent-Length: 5", Method::kGet, kNone, true},
           {"1 204 No Content\r\nX: y", Method::kGet, kNone, true},
           {"1 204 No Content\r\nContent-Length: 5", Method::kGet, kNone, false},
           {"1 204 No Content\r\nTransfer-Encoding: chunked", Method::kGet, kNone, false},
           {"1 100 Continue\r\nX: y", Method::kPost, kNone, true},
           {"1 103 Early Hints\r\nLink: </a>", Method::kGet, kNone, true},
           {"1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade", Method::kGet, kNone, true},
       }) {
    const std::string input = "HTTP/1." + rest + "\r\n\r\n";
    ResponseHead head;
    ASSERT_EQ(parse_every_prefix(input, head, method), Outcome(input.size())) << input;
    EXPECT_EQ(head.framing, framing) << input;
    EXPECT_EQ(head.keep_alive, keep_alive) << input;
  }
}

TEST(ResponseHead, TellsTheLengthThatAHeadWouldHaveHad) {
  ResponseHead head;
  ASSERT_TRUE(parse_response_head("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n", Method::kHead, {}, head));
  EXPECT_EQ(head.content_length, 1234U);
}

TEST(ResponseHead, RefusesFramingThatCanBeReadInTwoWays) {
  const auto with = [](const std::string& lines) { return "HTTP/1.1 200 OK\r\n" + lines + "\r\n\r\n"; };
  EXPECT_EQ(refused(with("Content-Length: 5\r\nContent-Length: 6")), Reason::kDuplicateContentLength);
  EXPECT_EQ(refused(with("Content-Length: 5, 5")), Reason::kBadContentLength);
  EXPECT_EQ(refused(with("Content-Length: +5")), Reason::kBadContentLength);
  EXPECT_EQ(refused(with("Content-Length:")), Reason::kBadContentLength);
  EXPECT_EQ(refused(with("Content-Length: 9223372036854775808")), Reason::kBadContentLength);
  EXPECT_EQ(refused(with("Content-Length: 5\r\nTransfer-Encoding: chunked")), Reason::kLengthAndCoding);
  EXPECT_EQ(refused(with("Transfer-Encoding: chunked\r\nContent-Length: 5")), Reason::kLengthAndCoding);
  EXPECT_EQ(refused(with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")), Reason::kBadTransferEncoding);
  EXPECT_EQ(refused(with("Transfer-Encoding: chunked, gzip")), Reason::kBadTransferEncoding);
  EXPECT_EQ(refused(with("Transfer-Encoding: gzip")), Reason::kUnknownTransferCoding);
  EXPECT_EQ(refused(with("Transfer-Encoding: gzip, chunked")), Reason::kUnknownTransferCoding);
  EXPECT_EQ(refused(with("Transfer-Encoding: \vchunked")), Reason::kBadHeaderValue);
  EXPECT_EQ(refused("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), Reason::kBadTransferEncoding);
  EXPECT_EQ(refused("HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n"), Reason::kBadTransferEncoding);
  EXPECT_EQ(refused("HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n"), Reason::kBadTransferEncoding);
}

TEST(ResponseHead, InterimHeadsAreAllBelow200But101) {
  ResponseHeadLine line;
  for (const auto& [status, interim] : {std::pair(100, true), {102, true}, {103, true}, {101, false}, {200, false}}) {
    line.status = static_cast<Status>(status);
    EXPECT_EQ(line.is_interim(), interim) << status;
  }
}

TEST(Trailers, AreFieldsUpToTheEmptyLine) {
  std::vector<Field> fields;
  ASSERT_TRUE(parse_trailers("A: 1\r\nB:\t2 \r\n\r\n", fields));
  ASSERT_EQ(fields.size(), 2U);
  EXPECT_EQ(fields[1].value, "2");
  ASSERT_TRUE(parse_trailers("\r\n", fields));
  EXPECT_TRUE(fields.empty());
  EXPECT_EQ(parse_trailers("A: 1\r\n", fields).error(), Reason::kBadTrailer);
}

}  // namespace
}  // namespace flare::http
