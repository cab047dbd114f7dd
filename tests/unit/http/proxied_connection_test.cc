#include "flare/http/proxied_connection.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/support/connection_harness.h"

namespace flare::http {
namespace {

constexpr std::string_view kHeader = "PROXY TCP4 192.0.2.7 198.51.100.1 40000 80\r\n";
constexpr std::string_view kRequest = "GET /a HTTP/1.1\r\nHost: example.com\r\n\r\n";

Response who(const Request& request) {
  return ok(request.client().to_string() + " by " + request.peer().to_string() + " " + std::string(request.scheme()));
}

struct Log final : Recorder {
  std::vector<Reason> refusals;
  std::vector<std::string> clients;
  void record(const Transaction& transaction) noexcept override {
    clients.push_back(transaction.request.client().to_string());
  }
  void failure(const Request&, std::string_view) noexcept override {}
  void refused(const net::SocketAddr&, Reason why, std::string_view) noexcept override { refusals.push_back(why); }
};

PeerTrust trust(ProxyProtocol mode, const char* trusted = "192.0.2.0/24") {
  return {.proxy_protocol = mode,
          .proxy_from = {.networks = {*net::Cidr::try_parse("127.0.0.0/8")}},
          .trusted_proxies = {.networks = {*net::Cidr::try_parse(trusted)}}};
}

struct Outcome {
  std::vector<test::Answer> answers;
  std::string sent;
  Log log;
};

Outcome serve(test::Wire wire, const PeerTrust& trust) {
  Outcome outcome;
  runtime::Worker worker;
  const Limits limits;
  WorkerContext context(worker, who, limits, "flared", &outcome.log);
  context.set_trust(trust);
  worker.spawn(serve_proxied_connection<test::MemoryStream>(context, net::SocketAddr::localhost(40000),
                                                            ConnectionCount::Place(), std::ref(wire)));
  EXPECT_EQ(worker.active_tasks(), 0U);
  outcome.answers = test::parse_answers(wire.sent);
  outcome.sent = wire.sent;
  return outcome;
}

test::Wire arriving(std::initializer_list<std::string_view> pieces) {
  test::Wire wire;
  for (const std::string_view piece : pieces) wire.arriving.emplace_back(piece);
  return wire;
}

// P-22
TEST(ProxiedConnection, TheSourceIsTheClientHoweverTheBytesArrive) {
  const std::string input = std::string(kHeader) + std::string(kRequest) + std::string(kRequest);
  for (const ProxyProtocol mode : {ProxyProtocol::kAccept, ProxyProtocol::kRequire}) {
    for (std::size_t cut = 0; cut <= input.size(); ++cut) {
      test::Wire wire;
      if (cut != 0) wire.arriving.push_back(input.substr(0, cut));
      if (cut != input.size()) wire.arriving.push_back(input.substr(cut));
      wire.block_every_other = cut % 2 == 1;
      const Outcome outcome = serve(std::move(wire), trust(mode));
      ASSERT_EQ(outcome.answers.size(), 2U) << cut;
      EXPECT_EQ(outcome.answers[0].body, "192.0.2.7 by 127.0.0.1:40000 http") << cut;
      EXPECT_EQ(outcome.answers[1].body, "192.0.2.7 by 127.0.0.1:40000 http") << cut;
    }
  }
}

TEST(ProxiedConnection, AHeaderWithoutSourceLeavesThePeer) {
  const Outcome outcome = serve(arriving({"PROXY UNKNOWN\r\n", kRequest}), trust(ProxyProtocol::kRequire));
  ASSERT_EQ(outcome.answers.size(), 1U);
  EXPECT_EQ(outcome.answers[0].body, "127.0.0.1 by 127.0.0.1:40000 http");
}

TEST(ProxiedConnection, WithoutAHeaderNotAByteIsSent) {
  struct Case {
    std::string_view input;
    Reason why;
  };
  for (const auto& [input, why] :
       {Case{kRequest, Reason::kProxyHeaderMissing}, Case{"PROXY TCP4 x\r\n", Reason::kBadProxyHeader},
        Case{"PROXY TCP4 192.0.2.7", Reason::kClientClosed}}) {
    const Outcome outcome = serve(arriving({input}), trust(ProxyProtocol::kRequire));
    EXPECT_EQ(outcome.sent, "");
    EXPECT_EQ(outcome.log.refusals, std::vector{why});
    EXPECT_TRUE(outcome.log.clients.empty());
  }
}

TEST(ProxiedConnection, ALateHeaderEndsIt) {
  for (const std::string_view begun : {"PROXY TCP4 192.0.2.7", ""}) {
    test::Wire wire;
    if (!begun.empty()) wire = arriving({begun});
    wire.silent_at_end = true;
    const Outcome outcome = serve(std::move(wire), trust(ProxyProtocol::kRequire));
    EXPECT_EQ(outcome.sent, "") << begun;
    EXPECT_EQ(outcome.log.refusals, std::vector{Reason::kProxyHeaderTimeout}) << begun;
  }
}

TEST(ProxiedConnection, ACheckThatConnectsAndLeavesIsNotWorthALine) {
  for (const ProxyProtocol mode : {ProxyProtocol::kAccept, ProxyProtocol::kRequire}) {
    const Outcome outcome = serve({}, trust(mode));
    EXPECT_EQ(outcome.sent, "");
    EXPECT_TRUE(outcome.log.refusals.empty());
  }
}

TEST(ProxiedConnection, AcceptTakesWhatIsNoHeaderForTheRequest) {
  const Outcome whole = serve(arriving({kRequest}), trust(ProxyProtocol::kAccept));
  ASSERT_EQ(whole.answers.size(), 1U);
  EXPECT_EQ(whole.answers[0].body, "127.0.0.1 by 127.0.0.1:40000 http");
  const Outcome undecided =
      serve(arriving({"P", "RO", "PFIND / HTTP/1.1\r\nHost: a\r\n\r\n"}), trust(ProxyProtocol::kAccept));
  ASSERT_EQ(undecided.answers.size(), 1U);
  EXPECT_TRUE(undecided.answers[0].status_line.starts_with("HTTP/1.1 200 ")) << undecided.sent;
}

TEST(ProxiedConnection, AcceptAnswersAnUndecidedBeginningThatIsLate) {
  test::Wire wire = arriving({"PRO"});
  wire.silent_at_end = true;
  const Outcome outcome = serve(std::move(wire), trust(ProxyProtocol::kAccept));
  EXPECT_TRUE(outcome.sent.starts_with("HTTP/1.1 408 ")) << outcome.sent;
}

TEST(ProxiedConnection, ASecondHeaderIsABadRequest) {
  const Outcome outcome = serve(arriving({kHeader, kHeader, kRequest}), trust(ProxyProtocol::kRequire));
  ASSERT_EQ(outcome.answers.size(), 1U);
  EXPECT_TRUE(outcome.answers[0].status_line.starts_with("HTTP/1.1 400 ")) << outcome.sent;
}

// P-3: the source is whom trusted_proxies is asked about, not the balancer that relays it.
TEST(ProxiedConnection, FieldsCountWhereTheSourceIsTrusted) {
  constexpr std::string_view kFields =
      "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.66, 198.51.100.9, 192.0.2.8\r\n"
      "X-Forwarded-Proto: https\r\n\r\n";
  const Outcome trusted = serve(arriving({kHeader, kFields}), trust(ProxyProtocol::kRequire));
  ASSERT_EQ(trusted.answers.size(), 1U);
  EXPECT_EQ(trusted.answers[0].body, "198.51.100.9 by 127.0.0.1:40000 https");
  const Outcome untrusted = serve(arriving({kHeader, kFields}), trust(ProxyProtocol::kRequire, "127.0.0.0/8"));
  ASSERT_EQ(untrusted.answers.size(), 1U);
  EXPECT_EQ(untrusted.answers[0].body, "192.0.2.7 by 127.0.0.1:40000 http");
}

// The fields that the proxy appended may be the ones that were not read any more.
TEST(ProxiedConnection, ARefusedRequestsFieldsNameNobody) {
  const Outcome outcome =
      serve(arriving({kHeader, "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.66\r\nBad Field: x\r\n\r\n"}),
            trust(ProxyProtocol::kRequire));
  EXPECT_EQ(outcome.log.clients, std::vector<std::string>{"192.0.2.7"});
}

TEST(PlainConnection, FieldsCountWhereThePeerIsTrusted) {
  for (const auto& [trusted, expected] : {std::pair("127.0.0.0/8", "203.0.113.66 by 127.0.0.1:40000 https"),
                                          std::pair("192.0.2.0/24", "127.0.0.1 by 127.0.0.1:40000 http")}) {
    const PeerTrust peers = trust(ProxyProtocol::kOff, trusted);
    test::Wire wire = arriving(
        {"GET / HTTP/1.1\r\nHost: a\r\nForwarded: for=203.0.113.66\r\nX-Forwarded-Proto: https\r\n\r\n", kRequest});
    runtime::Worker worker;
    const Limits limits;
    WorkerContext context(worker, who, limits);
    context.set_trust(peers);
    worker.spawn(serve_connection<test::MemoryStream>(context, net::SocketAddr::localhost(40000), std::ref(wire)));
    const auto answers = test::parse_answers(wire.sent);
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_EQ(answers[0].body, expected);
    EXPECT_EQ(answers[1].body, "127.0.0.1 by 127.0.0.1:40000 http") << "one request's fields are not the next one's";
  }
}

}  // namespace
}  // namespace flare::http
