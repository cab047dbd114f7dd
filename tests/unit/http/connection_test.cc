#include "flare/http/connection.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "flare/http/router.h"
#include "tests/support/connection_harness.h"

namespace flare::http {
namespace {

using test::answer;
using test::parse_answers;
using test::serve;
using test::Wire;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Response echo(const Request& request) {
  return ok(std::string(request.method_token()) + " " + std::string(request.target()) + " " +
            std::string(request.body()));
}
Response large(const Request&) { return ok(std::string(300'000, 'x')); }
Response broken(const Request&) { throw std::runtime_error("on purpose"); }
runtime::Task<Response> later(const Request& request) { co_return echo(request); }
runtime::Task<Response> broken_later(const Request&) {
  throw std::runtime_error("on purpose");
  co_return ok("");
}

Router routes() {
  Router router;
  router.any("/echo", echo);
  router.get("/large", large);
  router.get("/broken", broken);
  router.any("/later", later);
  router.get("/broken-later", broken_later);
  return router;
}

std::string get(std::string_view target, std::string_view more = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: example.com\r\n" + std::string(more) + "\r\n";
}
std::string post(std::string_view target, std::string_view body) {
  return "POST " + std::string(target) +
         " HTTP/1.1\r\nHost: example.com\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

TEST(Connection, AnswersARequestWithServerDateAndLength) {
  const auto answers = parse_answers(answer(get("/echo"), routes()));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].status_line, "HTTP/1.1 200 OK");
  EXPECT_THAT(answers[0].fields, HasSubstr("Server: flared\r\nDate: "));
  EXPECT_THAT(answers[0].fields, HasSubstr(" GMT\r\n"));
  EXPECT_THAT(answers[0].fields, Not(HasSubstr("Connection:")));
  EXPECT_EQ(answers[0].body, "GET /echo ");
}

TEST(Connection, AnswersAPipelineInOrderWithOneWrite) {
  Wire wire;
  std::string input;
  for (int i = 0; i < 16; ++i) input += get("/echo?" + std::to_string(i));
  wire.arriving.push_back(input);
  serve(wire, routes());
  const auto answers = parse_answers(wire.sent);
  ASSERT_EQ(answers.size(), 16U);
  for (std::size_t i = 0; i < 16; ++i) EXPECT_EQ(answers[i].body, "GET /echo?" + std::to_string(i) + " ");
  EXPECT_EQ(wire.writes, 1U);
}

TEST(Connection, GivesTheSameAnswersHoweverTheInputIsSplit) {
  const std::string input =
      get("/echo?1") + post("/echo", "content") + get("/later") + post("/later", "more content") +
      "POST /echo HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" +
      get("/nowhere") + get("/echo?2", "Connection: close\r\n");
  std::vector<std::string> whole;
  for (const auto& each : parse_answers(answer(input, routes()))) whole.push_back(each.status_line + each.body);
  ASSERT_EQ(whole.size(), 7U);
  EXPECT_EQ(whole[4], "HTTP/1.1 200 OKPOST /echo abcde");
  EXPECT_EQ(whole[5].substr(0, 12), "HTTP/1.1 404");
  for (std::size_t cut = 1; cut < input.size(); ++cut) {
    Wire wire;
    wire.arriving = {input.substr(0, cut), input.substr(cut)};
    serve(wire, routes());
    std::vector<std::string> split;
    for (const auto& each : parse_answers(wire.sent)) split.push_back(each.status_line + each.body);
    ASSERT_EQ(split, whole) << "cut at " << cut;
  }
}

TEST(Connection, GivesTheSameAnswersByteByByteWithCallsThatBlock) {
  const std::string input = get("/echo?1") + post("/later", "content") + get("/large") + get("/echo?2");
  Wire whole;
  whole.arriving = {input};
  serve(whole, routes());
  Wire bytes;
  for (const char c : input) bytes.arriving.emplace_back(1, c);
  bytes.block_every_other = true;
  bytes.write_sizes.assign(50, 7);
  serve(bytes, routes());
  EXPECT_EQ(parse_answers(bytes.sent).size(), 4U);
  EXPECT_EQ(bytes.sent.size(), whole.sent.size());
}

TEST(Connection, SendsHeadsWithoutBodies) {
  const auto answers =
      parse_answers(answer("HEAD /large HTTP/1.1\r\nHost: a\r\n\r\n" + get("/echo"), routes()), {true, false});
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_THAT(answers[0].fields, HasSubstr("Content-Length: 300000\r\n"));
  EXPECT_EQ(answers[1].body, "GET /echo ");
}

TEST(Connection, H_9_AnotherSchemeThanTheConnectionsIsMisdirected) {
  const std::string fields = " HTTP/1.1\r\nHost: example.com\r\n\r\n";
  const auto answers =
      parse_answers(answer("GET https://example.com/echo" + fields + "GET http://example.com/echo" + fields, routes()));
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_THAT(answers[0].status_line, StartsWith("HTTP/1.1 421"));
  EXPECT_THAT(answers[1].status_line, StartsWith("HTTP/1.1 200"));
}

struct RefusalCase {
  const char* name;
  std::string input;
  int status;
};

TEST(Connection, RefusesWhatItCannotUnderstandAndCloses) {
  const std::vector<RefusalCase> cases = {
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400},
      {"version 2", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"length and coding", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
       400},
      {"unknown coding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
      {"long target", "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {"large block", "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(20'000, 'a') + "\r\n\r\n", 431},
      {"expectation", "POST / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\na", 417},
      {"connect", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405},
      {"TLS", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), 400},
  };
  for (const RefusalCase& each : cases) {
    Wire wire;
    wire.arriving.push_back(get("/echo") + each.input + get("/echo?never"));
    serve(wire, routes());
    const auto answers = parse_answers(wire.sent);
    ASSERT_EQ(answers.size(), 2U) << each.name;
    EXPECT_THAT(answers[1].status_line, StartsWith("HTTP/1.1 " + std::to_string(each.status))) << each.name;
    EXPECT_THAT(answers[1].fields, HasSubstr("Connection: close\r\n")) << each.name;
    EXPECT_TRUE(wire.write_shut) << each.name << ": lingers, so that the answer is not lost to a reset";
  }
}

TEST(Connection, LingersWhereThePipelineGoesOnBehindTheLastAnswer) {
  const std::string close = "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  Wire cut;
  cut.arriving = {close + get("/echo?never")};
  serve(cut, routes());
  EXPECT_EQ(parse_answers(cut.sent).size(), 1U);
  EXPECT_TRUE(cut.write_shut);

  for (const char* path : {"/large", "/later"}) {  // in writes of its own; of a handler that waits
    Wire other;
    other.arriving = {"GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" +
                      get("/echo?never")};
    serve(other, routes());
    EXPECT_EQ(parse_answers(other.sent).size(), 1U);
    EXPECT_TRUE(other.write_shut);
  }

  Wire last;
  last.arriving = {close};
  serve(last, routes());
  EXPECT_FALSE(last.write_shut) << "nothing is coming that could reset it";
}

TEST(Connection, AnswersFiveHundredWhenAHandlerThrowsAndGoesOn) {
  const auto answers = parse_answers(answer(get("/broken") + get("/broken-later") + get("/echo"), routes()));
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_THAT(answers[0].status_line, StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(answers[1].status_line, StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(answers[1].body, Not(HasSubstr("on purpose"))) << "no internal detail reaches the client (H-34)";
  EXPECT_EQ(answers[2].body, "GET /echo ");
}

TEST(Connection, TellsAWaitingClientToContinueOnlyWhenTheContentIsWanted) {
  const std::string head = "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
  Wire wanted;
  wanted.arriving = {head, "body"};
  serve(wanted, routes());
  EXPECT_THAT(wanted.sent, StartsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));

  Wire here_already;
  here_already.arriving = {head + "body"};
  serve(here_already, routes());
  EXPECT_THAT(here_already.sent, StartsWith("HTTP/1.1 200 OK\r\n"));

  Wire refused;
  refused.arriving = {"POST /nowhere HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"};
  serve(refused, routes());
  EXPECT_THAT(refused.sent, StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(refused.sent, HasSubstr("Connection: close\r\n"));
}

TEST(Connection, RefusesContentOverTheLimitKnownOrNot) {
  Limits limits;
  limits.body = 10;
  const std::string chunked =
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n6\r\nghijkl\r\n0\r\n\r\n";
  for (const std::string& input : {post("/echo", "eleven bytes"), chunked}) {
    const auto answers = parse_answers(answer(input + get("/echo"), routes(), limits));
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_THAT(answers[0].status_line, StartsWith("HTTP/1.1 413"));
    EXPECT_THAT(answers[0].fields, HasSubstr("Connection: close\r\n"));
  }
  EXPECT_EQ(parse_answers(answer(post("/echo", "ten bytes!"), routes(), limits))[0].body, "POST /echo ten bytes!");
}

TEST(Connection, SkipsSmallUnreadContentAndClosesOverLargeOne) {
  const auto small = parse_answers(answer(post("/nowhere", std::string(60'000, 'b')) + get("/echo"), routes()));
  ASSERT_EQ(small.size(), 2U);
  EXPECT_EQ(small[1].body, "GET /echo ");

  const auto large_content =
      parse_answers(answer(post("/nowhere", std::string(200'000, 'b')) + get("/echo"), routes()));
  ASSERT_EQ(large_content.size(), 1U);
  EXPECT_THAT(large_content[0].fields, HasSubstr("Connection: close\r\n"));
}

TEST(Connection, NeverTakesContentForTheNextRequest) {
  const std::string smuggled = get("/echo?smuggled");
  const auto answers = parse_answers(answer(post("/nowhere", smuggled) + get("/echo?real"), routes()));
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[1].body, "GET /echo?real ");
}

/// Answers as if its content had been fine.
runtime::Task<Response> careless(Request& request) {
  static_cast<void>(co_await request.content_source()->next());
  co_return ok("careless");
}

TEST(Connection, EndsBehindMalformedContentWhateverTheHandlerMakesOfIt) {
  for (const char* content : {"0\r\na\r\n1\r\nb\r\n0\r\n\r\n", "z\r\n0\r\n\r\n", "1\r\nab\r\n0\r\n\r\n"}) {
    const std::string input = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(content);
    const auto answers =
        parse_answers(answer(input + get("/smuggled"), [](Request& request) -> Reply { return careless(request); }));
    ASSERT_EQ(answers.size(), 1U) << content;
    EXPECT_THAT(answers[0].fields, HasSubstr("Connection: close\r\n"));
  }
}

TEST(Connection, EndsAfterAsManyRequestsAsTheLimitSays) {
  Limits limits;
  limits.keepalive_requests = 2;
  const auto answers = parse_answers(answer(get("/echo") + get("/echo") + get("/echo"), routes(), limits));
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_THAT(answers[1].fields, HasSubstr("Connection: close\r\n"));
}

TEST(Connection, KeepsHttp10AliveOnlyOnRequestAndConfirmsIt) {
  const auto plain = parse_answers(answer("GET /echo HTTP/1.0\r\n\r\nGET /echo HTTP/1.0\r\n\r\n", routes()));
  ASSERT_EQ(plain.size(), 1U);
  EXPECT_THAT(plain[0].fields, HasSubstr("Connection: close\r\n"));
  const auto kept =
      parse_answers(answer("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /echo HTTP/1.0\r\n\r\n", routes()));
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_THAT(kept[0].fields, HasSubstr("Connection: keep-alive\r\n"));
}

struct TemporaryFile {
  explicit TemporaryFile(std::string_view content) {
    std::string path = "/tmp/flare-connection-XXXXXX";
    fd = net::UniqueFd(::mkstemp(path.data()));
    ::unlink(path.c_str());
    if (::write(fd.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size())) std::abort();
  }
  net::UniqueFd fd;
};

TEST(Connection, SendsFilesAndAbortsWhenOneShrinksMeanwhile) {
  const std::string content(100'000, 'f');
  const TemporaryFile file(content);
  const auto handler = [fd = file.fd.get()](const Request& request) {
    Response response;
    response.body = FileRange{net::UniqueFd(::dup(fd)), 10, request.query() == "long" ? 200'000U : 50'000U};
    return response;
  };
  const auto answers = parse_answers(answer(get("/") + get("/"), handler));
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].body, content.substr(10, 50'000));

  const std::string cut = answer(get("/?long") + get("/"), handler);
  EXPECT_EQ(cut.find("HTTP/1.1", 8), std::string::npos) << "no second answer after a short body (F-19)";
}

TEST(Connection, FilesOfSeveralTurnsLeaveInWholeSegments) {
  const TemporaryFile file(std::string(300'000, 'f'));
  const auto corks = [&](std::uint64_t length, const Limits& limits) {
    Wire wire;
    wire.arriving.emplace_back(get("/"));
    const auto handler = [&](const Request&) {
      Response response;
      response.body = FileRange{net::UniqueFd(::dup(file.fd.get())), 0, length};
      return response;
    };
    serve(wire, handler, limits);
    EXPECT_GT(wire.sent.size(), length);
    return wire.corks;
  };
  EXPECT_EQ(corks(300'000, {}), (std::vector<bool>{true, false}));
  EXPECT_EQ(corks(200'000, {}), std::vector<bool>()) << "one turn: nothing to join";
  Limits slow;
  slow.bandwidth = 100'000'000;
  EXPECT_EQ(corks(300'000, slow), std::vector<bool>()) << "a share must not wait for the next one";
}

TEST(Connection, SurvivesEveryPointOfReset) {
  const std::string input = get("/echo") + post("/later", "content") + get("/large");
  const std::size_t all = answer(input, routes()).size();
  for (std::size_t sent = 0; sent < all; sent += 1 + sent / 20) {
    Wire wire;
    wire.arriving = {input};
    wire.reset_after_sent = sent;
    wire.write_sizes.assign(1000, 997);
    serve(wire, routes());
    EXPECT_LE(wire.sent.size(), all);
  }
  Wire wire;
  wire.arriving = {input.substr(0, 30)};
  wire.reset_at_end = true;
  serve(wire, routes());
  EXPECT_EQ(wire.sent, "");
}

struct Recorded {
  std::string method;
  int status;
  Reason why;
};

class RecordingRecorder final : public Recorder {
 public:
  void record(const Transaction& transaction) noexcept override {
    transactions.push_back(
        {std::string(transaction.request.method_token()), code(transaction.status), transaction.why});
    bytes_out += transaction.bytes_out;
  }
  void failure(const Request&, std::string_view what) noexcept override { failures.emplace_back(what); }

  std::vector<Recorded> transactions;
  std::vector<std::string> failures;
  std::uint64_t bytes_out = 0;
};

TEST(Connection, SmallAnswersOfHandlersThatWaitLeaveInOneWriteHoweverSlowTheyMayBe) {
  Limits slow;
  slow.bandwidth = 64UL * 1024;
  const auto sized = [](std::size_t size) {
    return [size](const Request&) -> runtime::Task<Response> { co_return ok(std::string(size, 'x')); };
  };
  Router router;
  router.get("/small", sized(16UL * 1024));
  router.get("/more", sized(16UL * 1024 + 1));
  for (const std::string_view path : {"/small", "/more"}) {
    Wire wire;
    wire.arriving = {get(path)};
    serve(wire, router, slow);
    EXPECT_EQ(wire.writes == 1, path == "/small");
    EXPECT_EQ(parse_answers(wire.sent).size(), 1U);
  }
}

TEST(Connection, RecordsWhatWasSentOfAnAnswerThatBrokeOff) {
  const std::size_t all = answer(get("/later"), routes()).size();
  for (std::size_t sent : {std::size_t{1}, all / 2, all - 1}) {
    RecordingRecorder recorder;
    Wire wire;
    wire.arriving = {get("/later")};
    wire.write_sizes = {sent};
    wire.reset_after_sent = sent;
    serve(wire, routes(), {}, &recorder);
    ASSERT_EQ(recorder.transactions.size(), 1U);
    EXPECT_EQ(recorder.transactions[0].why, Reason::kClientClosed);
    EXPECT_EQ(recorder.bytes_out, sent);
  }
}

TEST(Connection, TellsTheRecorderOfEveryRequestTheRefusedOnesToo) {
  RecordingRecorder recorder;
  Wire wire;
  wire.arriving = {get("/echo") + get("/large") + get("/broken-later") + get("/nowhere") + "GET / HTTP/1.1\r\n\r\n"};
  serve(wire, routes(), {}, &recorder);
  ASSERT_EQ(recorder.transactions.size(), 5U);
  const std::vector<std::pair<int, Reason>> expected = {{200, Reason::kNone},
                                                        {200, Reason::kNone},
                                                        {500, Reason::kHandlerFailed},
                                                        {404, Reason::kNoRoute},
                                                        {400, Reason::kMissingHost}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(recorder.transactions[i].status, expected[i].first) << i;
    EXPECT_EQ(recorder.transactions[i].why, expected[i].second) << i;
    EXPECT_EQ(recorder.transactions[i].method, "GET") << i;
  }
  EXPECT_EQ(recorder.bytes_out, wire.sent.size());
  EXPECT_EQ(recorder.failures, std::vector<std::string>{"on purpose"});
}

}  // namespace
}  // namespace flare::http
