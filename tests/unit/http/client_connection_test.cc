#include "flare/http/client_connection.h"

#include <gtest/gtest.h>

#include <array>
#include <coroutine>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "flare/runtime/worker.h"
#include "support/memory_stream.h"

namespace flare::http {
namespace {

using runtime::Task;
using test::MemoryStream;
using test::Wire;
using Client = ClientConnection<MemoryStream>;

constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n";

struct Answer {
  std::vector<int> interim;
  int status = 0;
  std::string content;
  std::string trailers;
  std::optional<Error> error;
  bool reusable = false;
  bool begun = false;
};

Task<void> receive(Client& client, Answer& answer) {
  for (;;) {
    const auto head = co_await client.receive_head();
    if (!head) {
      answer.error = head.error();
      co_return;
    }
    if (!(*head)->is_interim()) {
      answer.status = code((*head)->status);
      break;
    }
    answer.interim.push_back(code((*head)->status));
  }
  for (;;) {
    const auto piece = co_await client.next();
    if (!piece) {
      answer.error = piece.error();
      co_return;
    }
    if (piece->empty()) break;
    answer.content += *piece;
  }
  for (const Field& field : client.trailers()) answer.trailers.append(field.name).append("=").append(field.value);
}
Task<void> exchange(Client& client, Method method, const ClientLimits& limits, Answer& answer) {
  client.begin(method, limits);
  const io::Pieces head(kRequest);
  const auto sent = co_await client.send(head);
  EXPECT_TRUE(sent);
  co_await receive(client, answer);
  answer.begun = client.answer_begun();
  answer.reusable = client.finish();
}

class ClientConnectionTest : public testing::Test {
 protected:
  Answer ask(Wire& wire, Method method = Method::kGet, const ClientLimits& limits = {}) {
    Client client(worker, buffers, wire);
    Answer answer;
    worker.spawn(exchange(client, method, limits, answer));
    EXPECT_EQ(worker.active_tasks(), 0U);
    return answer;
  }
  /// `bytes` in two reads, cut at every place; all answers have to be equal. The last one.
  Answer ask_at_every_cut(const std::string& bytes, Method method = Method::kGet, bool ends = false) {
    Answer answer;
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      Wire wire{.silent_at_end = !ends, .block_every_other = cut % 2 == 0};
      for (const std::string& piece : {bytes.substr(0, cut), bytes.substr(cut)})
        if (!piece.empty()) wire.arriving.push_back(piece);
      Answer now = ask(wire, method);
      EXPECT_EQ(wire.sent, kRequest);
      if (cut != 0) {
        EXPECT_EQ(now.status, answer.status) << cut;
        EXPECT_EQ(now.content, answer.content) << cut;
        EXPECT_EQ(now.trailers, answer.trailers) << cut;
        EXPECT_EQ(now.interim, answer.interim) << cut;
        EXPECT_EQ(now.error, answer.error) << cut;
        // Surplus that has not arrived when the exchange ends is found by the pool.
        if (!bytes.ends_with("surplus")) EXPECT_EQ(now.reusable, answer.reusable) << cut;
      }
      answer = std::move(now);
    }
    return answer;
  }

  runtime::Worker worker;
  io::BufferPool buffers{64 * 1024};
};

constexpr Error upstream(ErrorKind kind, Reason reason) {
  return {.kind = kind, .source = ErrorSource::kUpstream, .reason = reason};
}

TEST_F(ClientConnectionTest, ReadsContentOfALength) {
  const Answer answer = ask_at_every_cut("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content, "hello");
  EXPECT_TRUE(answer.reusable);
  EXPECT_FALSE(answer.error);
}

TEST_F(ClientConnectionTest, ReadsChunksAndTrailers) {
  const Answer answer = ask_at_every_cut(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x\r\nlo\r\n0\r\nA: 1\r\nB: 2\r\n\r\n");
  EXPECT_EQ(answer.content, "hello");
  EXPECT_EQ(answer.trailers, "A=1B=2");
  EXPECT_TRUE(answer.reusable);
}

TEST_F(ClientConnectionTest, ReadsUntilTheConnectionEnds) {
  const Answer answer = ask_at_every_cut("HTTP/1.0 200 OK\r\n\r\nall of it", Method::kGet, true);
  EXPECT_EQ(answer.content, "all of it");
  EXPECT_FALSE(answer.error);
  EXPECT_FALSE(answer.reusable);
}

TEST_F(ClientConnectionTest, KnowsAnswersWithoutContent) {
  for (const auto& [bytes, method] :
       {std::pair(std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), Method::kHead),
        {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", Method::kGet},
        {"HTTP/1.1 204 No Content\r\n\r\n", Method::kGet},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Method::kGet}}) {
    const Answer answer = ask_at_every_cut(bytes, method);
    EXPECT_EQ(answer.content, "") << bytes;
    EXPECT_TRUE(answer.reusable) << bytes;
  }
}

TEST_F(ClientConnectionTest, GivesInterimHeadsFirst) {
  const Answer answer = ask_at_every_cut(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n"
      "Content-Length: 2\r\n\r\nok");
  EXPECT_EQ(answer.interim, (std::vector{100, 103}));
  EXPECT_EQ(answer.content, "ok");
  EXPECT_TRUE(answer.reusable);
}

TEST_F(ClientConnectionTest, InterimHeadsWithoutEndAreRefused) {
  Wire wire;
  wire.peer = [](Wire& self) { self.arriving.emplace_back("HTTP/1.1 102 Processing\r\n\r\n"); };
  const Answer answer = ask(wire, Method::kGet, {.head = {.header_bytes = 200}});
  EXPECT_EQ(answer.error, upstream(ErrorKind::kProtocol, Reason::kHeaderBytes));
}

TEST_F(ClientConnectionTest, SurplusBytesForbidReuse) {
  const Answer answer = ask_at_every_cut("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\noksurplus");
  EXPECT_EQ(answer.content, "ok");
  Wire wire{.arriving = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\noksurplus"}, .stays_open = true};
  EXPECT_FALSE(ask(wire).reusable);
}

TEST_F(ClientConnectionTest, WhatEitherSideDoesNotWantToLastIsNotReused) {
  EXPECT_FALSE(ask_at_every_cut("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok").reusable);
  EXPECT_FALSE(ask_at_every_cut("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok").reusable);
  EXPECT_FALSE(
      ask_at_every_cut("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n").reusable);
}

TEST_F(ClientConnectionTest, AnEndThatComesTooEarlyIsAnErrorWhereverItComes) {
  for (const std::string bytes : {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
                                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"}) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      for (const bool reset : {false, true}) {
        Wire wire{.reset_at_end = reset};
        if (size != 0) wire.arriving.push_back(bytes.substr(0, size));
        const Answer answer = ask(wire);
        EXPECT_EQ(answer.error,
                  upstream(reset ? ErrorKind::kConnectionReset : ErrorKind::kClosed, Reason::kUpstreamClosed))
            << size;
        EXPECT_EQ(answer.begun, size != 0);
        EXPECT_FALSE(answer.reusable);
      }
    }
  }
  Wire wire{.arriving = {"HTTP/1.1 200 OK\r\n\r\npart"}, .reset_at_end = true};
  EXPECT_EQ(ask(wire).error, upstream(ErrorKind::kConnectionReset, Reason::kUpstreamClosed)) << "no orderly end";
}

TEST_F(ClientConnectionTest, SilenceIsATimeoutThatSaysWhatWasWaitedFor) {
  Wire none{.silent_at_end = true};
  EXPECT_EQ(ask(none).error, upstream(ErrorKind::kTimeout, Reason::kUpstreamFirstByte));
  Wire half{.arriving = {"HTTP/1.1 200 OK\r\n"}, .silent_at_end = true};
  EXPECT_EQ(ask(half).error, upstream(ErrorKind::kTimeout, Reason::kUpstreamFirstByte));
  Wire content{.arriving = {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"}, .silent_at_end = true};
  const Answer answer = ask(content);
  EXPECT_EQ(answer.error, upstream(ErrorKind::kTimeout, Reason::kUpstreamIdle));
  EXPECT_EQ(answer.content, "he");
}

TEST_F(ClientConnectionTest, AMalformedAnswerSaysWhy) {
  for (const auto& [bytes, reason] :
       {std::pair("SSH-2.0-x\r\n", Reason::kBadStatusLine),
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", Reason::kLengthAndCoding},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", Reason::kBadChunk},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA b\r\n\r\n", Reason::kBadTrailer}}) {
    Wire wire{.arriving = {bytes}, .stays_open = true};
    const Answer answer = ask(wire);
    EXPECT_EQ(answer.error, upstream(ErrorKind::kProtocol, reason)) << bytes;
    EXPECT_FALSE(answer.reusable);
  }
}

TEST_F(ClientConnectionTest, AHeadLargerThanItsLimitIsRefused) {
  for (const std::string& line : {std::string(300, 'x'), std::string("\r\nA: b")}) {
    Wire wire;
    wire.arriving.emplace_back("HTTP/1.1 200 ");
    wire.peer = [&line](Wire& self) { self.arriving.push_back(line); };
    EXPECT_EQ(ask(wire, Method::kGet, {.head = {.header_bytes = 256}}).error,
              upstream(ErrorKind::kProtocol, Reason::kHeaderBytes));
  }
}

TEST_F(ClientConnectionTest, TakesWhatTheKernelTakes) {
  Wire wire{.arriving = {"HTTP/1.1 204 No Content\r\n\r\n"}, .write_sizes = {1, 0, 5, 3}, .silent_at_end = true};
  EXPECT_TRUE(ask(wire).reusable);
  EXPECT_EQ(wire.sent, kRequest);
}

Task<void> send_raw(Client& client, std::optional<Error>& error) {
  client.begin(Method::kGet, {});
  const io::Pieces head(kRequest);
  const auto sent = co_await client.send(head);
  if (!sent) error = sent.error();
}
TEST_F(ClientConnectionTest, AnAnswerThatCameBeforeTheEndIsThereThoughSendingFailed) {
  Wire wire{.arriving = {"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"}, .reset_after_sent = 0};
  Client client(worker, buffers, wire);
  std::optional<Error> error;
  worker.spawn(send_raw(client, error));
  EXPECT_EQ(error, upstream(ErrorKind::kConnectionReset, Reason::kUpstreamClosed));
  Answer answer;
  worker.spawn(receive(client, answer));
  EXPECT_EQ(answer.status, 413);
  EXPECT_FALSE(client.finish());
}

class Pieces final : public ContentSource {
 public:
  explicit Pieces(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  Task<Result<std::string_view>> next() override {
    if (at_ == pieces_.size()) co_return std::string_view();
    if (pieces_[at_] == "fail") co_return fail(ErrorKind::kClosed, Reason::kClientClosed);
    co_return std::string_view(pieces_[at_++]);
  }

 private:
  std::vector<std::string> pieces_;
  std::size_t at_ = 0;
};
Task<void> upload(Client& client, ContentSource& content, BodyFraming framing, Answer& answer) {
  client.begin(Method::kPost, {});
  const auto sent = co_await client.send_content(content, framing);
  if (sent) {
    co_await receive(client, answer);
  } else {
    answer.error = sent.error();
  }
  answer.reusable = client.finish();
}

TEST_F(ClientConnectionTest, SendsContentInEitherFraming) {
  for (const auto& [framing, expected] :
       {std::pair(BodyFraming::kLength, "abcdef"), {BodyFraming::kChunked, "2\r\nab\r\n4\r\ncdef\r\n0\r\n\r\n"}}) {
    Wire wire{.write_sizes = {1, 1, 2}, .silent_at_end = true, .block_every_other = true};
    const std::size_t whole = std::string_view(expected).size();
    wire.peer = [whole](Wire& self) {
      if (self.sent.size() == whole) self.arriving.emplace_back("HTTP/1.1 204 No Content\r\n\r\n");
    };
    Client client(worker, buffers, wire);
    Pieces content({"ab", "cdef"});
    Answer answer;
    worker.spawn(upload(client, content, framing, answer));
    EXPECT_EQ(wire.sent, expected);
    EXPECT_EQ(answer.status, 204);
  }
}

/// Waits before its second piece until it is told to go on, or interrupted.
class WaitingPieces final : public ContentSource {
 public:
  Task<Result<std::string_view>> next() override {
    if (at_ == 1) co_await Waiting{*this};
    if (interrupted_) co_return fail(ErrorKind::kCancelled);
    co_return at_ < 2 ? std::string_view("abcdef").substr(3 * at_++, 3) : std::string_view();
  }
  void interrupt() noexcept override {
    interrupted_ = true;
    go_on();
  }
  void go_on() noexcept {
    if (waiting_) std::exchange(waiting_, {}).resume();
  }

 private:
  struct Waiting {
    WaitingPieces& pieces;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> who) const noexcept { pieces.waiting_ = who; }
    void await_resume() const noexcept {}
  };
  std::coroutine_handle<> waiting_;
  std::size_t at_ = 0;
  bool interrupted_ = false;
};
Task<void> send_only(Client& client, ContentSource& content, std::optional<Result<void>>& sent) {
  client.begin(Method::kPost, {});
  sent = co_await client.send_content(content, BodyFraming::kLength);
}

TEST_F(ClientConnectionTest, AnAnswerIsReceivedWhileContentIsSent) {
  for (const bool wanted : {true, false}) {
    Wire wire{.arriving = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}, .stays_open = true};
    Client client(worker, buffers, wire);
    WaitingPieces content;
    std::optional<Result<void>> sent;
    worker.spawn(send_only(client, content, sent));
    Answer answer;
    worker.spawn(receive(client, answer));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.content, "ok");
    EXPECT_FALSE(sent);
    wanted ? content.go_on() : content.interrupt();
    ASSERT_TRUE(sent);
    EXPECT_EQ(sent->has_value(), wanted);
    EXPECT_EQ(wire.sent, wanted ? "abcdef" : "abc");
    EXPECT_EQ(client.finish(), wanted) << "the rest of the request is missing";
  }
}

TEST_F(ClientConnectionTest, WhatBeginsAsNoHeadIsRefusedAtOnce) {
  Wire wire{.arriving = {"H", "T", "P"}, .silent_at_end = true};
  EXPECT_EQ(ask(wire).error, upstream(ErrorKind::kProtocol, Reason::kBadStatusLine));
  EXPECT_EQ(wire.arriving.size(), 0U);
  Wire start{.arriving = {"HTTP/1.1 2", "0", "0", " never a line feed"}, .silent_at_end = true};
  EXPECT_EQ(ask(start).error, upstream(ErrorKind::kTimeout, Reason::kUpstreamFirstByte));
}

TEST_F(ClientConnectionTest, AnInterimHeadEndsNoContent) {
  Wire wire{.arriving = {"HTTP/1.1 1", "00 Continue\r\n\r\n"}, .silent_at_end = true};
  wire.peer = [](Wire& self) {
    if (self.sent == "abcdef") self.arriving.emplace_back("HTTP/1.1 204 No Content\r\n\r\n");
  };
  Client client(worker, buffers, wire);
  Pieces content({"ab", "cd", "ef"});
  Answer answer;
  worker.spawn(upload(client, content, BodyFraming::kLength, answer));
  EXPECT_EQ(answer.interim, (std::vector{100}));
  EXPECT_EQ(answer.status, 204);
  EXPECT_TRUE(answer.reusable);
}

TEST_F(ClientConnectionTest, ContentThatFailsLeavesNothingToReuse) {
  Wire wire{.stays_open = true};
  Client client(worker, buffers, wire);
  Pieces content({"ab", "fail"});
  Answer answer;
  worker.spawn(upload(client, content, BodyFraming::kChunked, answer));
  EXPECT_EQ(answer.error, Error::of(ErrorKind::kClosed, Reason::kClientClosed)) << "not the upstream's";
  EXPECT_FALSE(answer.reusable);
}

Task<void> two_exchanges(Client& client, std::vector<Answer>& answers) {
  for (Answer& answer : answers) co_await exchange(client, Method::kGet, {}, answer);
}
TEST_F(ClientConnectionTest, OneExchangeFollowsTheOtherAndBuffersAreGivenBack) {
  Wire wire{.stays_open = true};
  wire.peer = [](Wire& self) {
    if (self.sent.size() % kRequest.size() == 0)
      self.arriving.emplace_back("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + std::to_string(self.writes));
  };
  Client client(worker, buffers, wire);
  std::vector<Answer> answers(3);
  worker.spawn(two_exchanges(client, answers));
  for (std::size_t i = 0; i < answers.size(); ++i) {
    EXPECT_EQ(answers[i].content, std::to_string(i + 1));
    EXPECT_TRUE(answers[i].reusable);
  }
  EXPECT_EQ(buffers.idle(), 1U);
}

Task<void> read_head_and_one_piece(Client& client, std::string& piece, bool& complete) {
  client.begin(Method::kGet, {});
  const auto head = co_await client.receive_head();
  EXPECT_TRUE(head);
  const auto first = client.try_next();
  piece = first.value_or("");
  complete = client.is_complete();
}
TEST_F(ClientConnectionTest, SaysWithTheLastPieceThatItIsTheLast) {
  for (const auto& [rest, expected] : {std::pair("Content-Length: 2\r\n\r\nok", true),
                                       {"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", true},
                                       {"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n", false},
                                       {"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n2\r\nok\r\n0\r\n\r\n", false}}) {
    Wire wire{.arriving = {std::string("HTTP/1.1 200 OK\r\n") + rest}};
    Client client(worker, buffers, wire);
    std::string piece;
    bool complete = false;
    worker.spawn(read_head_and_one_piece(client, piece, complete));
    EXPECT_EQ(piece, "ok");
    EXPECT_EQ(complete, expected) << rest;
  }
}

TEST_F(ClientConnectionTest, AfterASwitchOfProtocolsTheRestIsTheCallers) {
  Wire wire{.arriving = {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n\x81\x02hi"}, .stays_open = true};
  Client client(worker, buffers, wire);
  std::string piece;
  bool complete = false;
  worker.spawn(read_head_and_one_piece(client, piece, complete));
  EXPECT_TRUE(complete);
  EXPECT_EQ(client.surplus(), "\x81\x02hi");
}

}  // namespace
}  // namespace flare::http
