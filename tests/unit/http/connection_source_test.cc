// Bodies that are pulled: framing by version, failures that must not look complete, readers that leave.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "flare/http/connection.h"
#include "tests/support/connection_harness.h"

namespace flare::http {
namespace {

using test::parse_answers;
using test::serve;
using test::Wire;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

/// What a source does, and what was done to it.
struct Script {
  std::vector<std::string> pieces{"one", "", "", "two", "three"};  ///< empty ones are skipped
  std::optional<std::uint64_t> size;
  bool ready = false;
  enum class End { kComplete, kError, kThrow } end = End::kComplete;
  int pulled = 0;
  std::function<void()> pulls;  ///< called by each
  bool cancelled = false;
};

class Scripted final : public BodySource {
 public:
  explicit Scripted(Script& script) : script_(script) {}
  runtime::Task<Result<std::string_view>> next() override {
    ++script_.pulled;
    if (script_.pulls) script_.pulls();
    if (script_.cancelled) co_return fail(ErrorKind::kCancelled);
    while (at_ < script_.pieces.size() && script_.pieces[at_].empty()) ++at_;
    if (at_ < script_.pieces.size()) co_return script_.pieces[at_++];
    if (script_.end == Script::End::kThrow) throw std::runtime_error("the source broke");
    if (script_.end == Script::End::kError) co_return fail(ErrorKind::kConnectionReset);
    co_return std::string_view();
  }
  std::optional<std::uint64_t> size() const noexcept override { return script_.size; }
  bool is_ready() const noexcept override { return script_.ready; }
  void cancel() noexcept override { script_.cancelled = true; }

 private:
  Script& script_;
  std::size_t at_ = 0;
};

struct Seen final : Recorder {
  void record(const Transaction& transaction) noexcept override { why.push_back(transaction.why); }
  void failure(const Request&, std::string_view what) noexcept override { failures.emplace_back(what); }
  std::vector<Reason> why;
  std::vector<std::string> failures;
};

struct Served {
  Wire wire;
  Seen seen;
};

/// Every request is answered with the script, from its beginning.
Served run(Script& script, std::string_view input, Wire wire = {}) {
  Served served{.wire = std::move(wire), .seen = {}};
  served.wire.arriving.emplace_back(input);
  serve(
      served.wire,
      [&script](const Request&) {
        Response response;
        response.body = std::unique_ptr<BodySource>(std::make_unique<Scripted>(script));
        return response;
      },
      {}, &served.seen);
  return served;
}

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view kGet10 = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";

TEST(ConnectionSource, GoesOutInChunksAndTheConnectionGoesOn) {
  Script script;
  const Served served = run(script, std::string(kGet) + std::string(kGet));
  const auto answers = parse_answers(served.wire.sent);
  ASSERT_EQ(answers.size(), 2U);
  for (const auto& each : answers) {
    EXPECT_EQ(each.body, "onetwothree");
    EXPECT_THAT(each.fields, HasSubstr("Transfer-Encoding: chunked\r\n"));
  }
  EXPECT_THAT(served.wire.sent, HasSubstr("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n"));
}

TEST(ConnectionSource, EndsWithTheConnectionForHttp10) {
  Script script;
  const Served served = run(script, kGet10);
  EXPECT_THAT(served.wire.sent, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(served.wire.sent, Not(HasSubstr("Transfer-Encoding")));
  EXPECT_THAT(served.wire.sent, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(served.wire.sent, EndsWith("\r\n\r\nonetwothree"));
  EXPECT_FALSE(served.wire.aborted);
}

TEST(ConnectionSource, AKnownSizeIsSentAsLength) {
  for (const std::string_view input : {kGet, kGet10}) {
    Script script{.size = 11};
    const auto answers = parse_answers(run(script, input).wire.sent);
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_THAT(answers[0].fields, HasSubstr("Content-Length: 11\r\n"));
    EXPECT_EQ(answers[0].body, "onetwothree");
  }
}

TEST(ConnectionSource, HeadTellsTheFramingAndPullsNothing) {
  Script script;
  const Served served = run(script, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kGet));
  const auto answers = parse_answers(served.wire.sent, {true, false});
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_THAT(answers[0].fields, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_EQ(answers[1].body, "onetwothree");
  EXPECT_EQ(script.pulled, 4);  // the GET's three pieces and the end
}

/// Waits, and gives the script back; `kept` is its own as long as it lives.
runtime::Task<Response> scripted_later(Script& script, [[maybe_unused]] std::shared_ptr<int> kept) {
  Response response;
  response.body = std::unique_ptr<BodySource>(std::make_unique<Scripted>(script));
  co_return response;
}

TEST(ConnectionSource, AHandlerThatWaitedEndsBeforeItsContentIsSent) {
  Script script;
  const auto kept = std::make_shared<int>();
  script.pulls = [&] { EXPECT_EQ(kept.use_count(), 1); };
  Wire wire;
  wire.arriving = {"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kGet)};
  serve(wire, [&](Request&) -> Reply { return scripted_later(script, kept); });
  const auto answers = parse_answers(wire.sent, {true, false});
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_THAT(answers[0].fields, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_EQ(answers[1].body, "onetwothree");
  EXPECT_EQ(script.pulled, 4) << "for HEAD nothing is";
  EXPECT_EQ(kept.use_count(), 1);
}

TEST(ConnectionSource, WhatIsReadyLeavesWithTheHead) {
  Script script{.pieces = {"all"}, .ready = true};
  EXPECT_EQ(run(script, kGet).wire.writes, 2U);  // head and piece; the last chunk
  script.ready = false;
  EXPECT_EQ(run(script, kGet).wire.writes, 3U);
}

TEST(ConnectionSource, AnEmptySourceIsAnEmptyBody) {
  Script script{.pieces = {}, .ready = true};
  const auto answers = parse_answers(run(script, kGet).wire.sent);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].body, "");
}

TEST(ConnectionSource, AFailureNeverLooksComplete) {
  struct Case {
    Script script;
    std::string_view input;
    bool reset;
  };
  const Case cases[] = {
      {{.end = Script::End::kError}, kGet, false},
      {{.end = Script::End::kThrow}, kGet, false},
      {{.size = 12}, kGet, false},  // less than promised
      {{.size = 10}, kGet, false},  // more than promised
      {{.end = Script::End::kError}, kGet10, true},
      {{.end = Script::End::kThrow}, kGet10, true},
      {{.size = 12}, kGet10, false},  // the length tells
  };
  for (const Case& each : cases) {
    Script script = each.script;
    const Served served = run(script, std::string(each.input) + std::string(kGet));
    const auto end = served.wire.sent.find("\r\n\r\n");
    ASSERT_NE(end, std::string::npos);
    EXPECT_THAT(served.wire.sent, Not(HasSubstr("\r\n0\r\n")));
    EXPECT_EQ(served.wire.sent.find("HTTP/1.1", 1), std::string::npos) << "nothing is answered behind it";
    if (script.size) {
      EXPECT_LT(served.wire.sent.size() - end - 4, *script.size);
    }
    EXPECT_EQ(served.wire.aborted, each.reset);
    EXPECT_EQ(served.seen.why, std::vector{Reason::kContentFailed});
    const bool thrown = script.end == Script::End::kThrow;
    EXPECT_EQ(served.seen.failures, thrown ? std::vector<std::string>{"the source broke"} : std::vector<std::string>{});
  }
}

TEST(ConnectionSource, IsToldWhenItsReaderLeaves) {
  Script script;
  Wire wire;
  wire.reset_after_sent = 1;
  EXPECT_EQ(run(script, kGet, wire).seen.why, std::vector{Reason::kClientClosed});
  EXPECT_LE(script.pulled, 1);

  Script gone;
  Wire hangs_up;
  hangs_up.hangs_up = true;
  const Served served = run(gone, kGet, hangs_up);
  EXPECT_EQ(served.seen.why, std::vector{Reason::kClientClosed});
}

TEST(ConnectionSource, PiecesSurviveShortWritesAndBlockedCalls) {
  Script script{.pieces = {std::string(70'000, 'a'), "b", std::string(100, 'c')}};
  Wire wire;
  wire.block_every_other = true;
  wire.write_sizes.assign(2000, 3);
  const auto answers = parse_answers(run(script, kGet, wire).wire.sent);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].body, std::string(70'000, 'a') + "b" + std::string(100, 'c'));
}

}  // namespace
}  // namespace flare::http
