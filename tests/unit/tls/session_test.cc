#include "flare/tls/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include "tests/support/secure_pair.h"

namespace flare::tls {
namespace {

using test::SecurePair;
using test::TlsClient;
using testing::HasSubstr;

struct Ends {
  explicit Ends(const TlsClient::Options& options = {}) : client(options), session(test::plain_context()->accept()) {}
  /// Everything that both have to say, until neither has.
  Step shake() {
    Step step = session->handshake();
    for (std::string said = client.exchange({}); !said.empty(); said = client.exchange(take())) {
      session->feed(said);
      step = session->handshake();
    }
    return step;
  }
  std::string take() { return std::exchange(session->output(), {}); }
  Result<std::size_t> decrypt(std::string_view arrived) { return session->decrypt(arrived, into); }
  std::string encrypt(std::string_view plain) {
    std::string records;
    EXPECT_TRUE(session->encrypt(plain, records));
    return records;
  }

  TlsClient client;
  std::shared_ptr<Session> session;
  std::array<char, 4096> into{};
};

TEST(Session, TellsWhatWasAgreed) {
  Ends ends({.name = "WWW.example.com", .protocols = {"h2", "http/1.1"}});
  EXPECT_FALSE(ends.session->is_established());
  EXPECT_EQ(ends.session->reason(), Reason::kNone);
  EXPECT_EQ(ends.shake(), Step::kDone);
  EXPECT_TRUE(ends.session->is_established());
  EXPECT_EQ(ends.session->version(), "TLSv1.3");
  EXPECT_EQ(ends.session->cipher(), "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(ends.session->protocol(), "http/1.1");
  EXPECT_EQ(ends.session->server_name(), "www.example.com");
  EXPECT_EQ(ends.session->peer_certificate(), std::nullopt);
  EXPECT_FALSE(ends.session->is_resumed());
}

TEST(Session, ReadsBeforeItBegins) {
  const auto session = test::plain_context()->accept();
  EXPECT_FALSE(session->was_fed());
  EXPECT_EQ(session->handshake(), Step::kRead);
  session->feed("\x16");
  EXPECT_TRUE(session->was_fed());
  EXPECT_EQ(session->handshake(), Step::kRead);
}

TEST(Session, RecognisesPlainHttp) {  // T-4
  struct Case {
    const char* bytes;
    bool http;
  };
  for (const auto& [bytes, http] :
       {Case{"GET / HTTP/1.1\r\n\r\n", true}, Case{"GE", true}, Case{"OPTIONS * HTTP/1.1", true}, Case{"get /", false},
        Case{"\x16\x03\x01", false}, Case{"", false}, Case{"PRI * HTTP/2.0", true}, Case{"G\x16 ", false}}) {
    const auto session = test::plain_context()->accept();
    session->feed(bytes);
    EXPECT_EQ(session->looks_like_http(), http) << bytes;
  }
}

TEST(Session, KeepsWhatDoesNotFit) {
  Ends ends;
  ends.shake();
  std::array<char, 4> four{};
  EXPECT_EQ(ends.session->decrypt(ends.client.write("123456789"), four), 4U);
  EXPECT_TRUE(ends.session->has_input());
  EXPECT_EQ(ends.session->decrypt(ends.client.write("0"), four), 4U);
  EXPECT_EQ(ends.session->decrypt({}, four), 2U);
  EXPECT_EQ(std::string_view(four.data(), 2), "90");
  EXPECT_FALSE(ends.session->has_input());
  EXPECT_EQ(ends.session->decrypt({}, four).error().kind, ErrorKind::kWouldBlock);
}

TEST(Session, DecryptsNothingIntoNothing) {
  Ends ends;
  ends.shake();
  EXPECT_EQ(ends.session->decrypt(ends.client.write("kept"), {}), 0U);
  EXPECT_TRUE(ends.session->has_input());
  EXPECT_EQ(ends.decrypt({}), 4U);
}

TEST(Session, GivesWhatCameBeforeItBroke) {
  Ends ends;
  ends.shake();
  EXPECT_EQ(ends.decrypt(ends.client.write("good") + "bad, and long enough for a record's head"), 4U);
  EXPECT_TRUE(ends.session->has_input()) << "the error is there to be had";
  for (int i = 0; i < 3; ++i) {
    const auto error = ends.decrypt({}).error();
    EXPECT_EQ(error.kind, ErrorKind::kProtocol);
    EXPECT_EQ(error.reason, Reason::kTlsMalformed);
    EXPECT_EQ(ends.session->failure(), "wrong version number");
  }
  std::string records;
  EXPECT_EQ(ends.session->encrypt("x", records).error().kind, ErrorKind::kBrokenPipe);
  ends.client.exchange(ends.take());
  EXPECT_EQ(ends.client.alert(), SSL_AD_PROTOCOL_VERSION);
}

// OpenSSL's queue of errors belongs to the thread, not to the session: one that breaks must not break its neighbours.
TEST(Session, DoesNotSufferFromItsNeighbours) {
  Ends good, bad;
  good.shake();
  bad.shake();
  EXPECT_EQ(bad.decrypt(bad.client.write("good") + "bad, and long enough for a record's head"), 4U);
  EXPECT_EQ(ERR_peek_error(), 0U);
  ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
  const std::string record = good.client.write("fine");
  EXPECT_EQ(good.decrypt(record.substr(0, 10)).error().kind, ErrorKind::kWouldBlock);
  ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
  EXPECT_EQ(good.decrypt(record.substr(10)), 4U);
  ERR_clear_error();
}

TEST(Session, RefusesARecordThatWasTamperedWith) {
  for (std::size_t at = 0; at < 26; ++at) {
    Ends ends;
    ends.shake();
    std::string record = ends.client.write("text");
    ASSERT_EQ(record.size(), 26U);
    record[at] = static_cast<char>(record[at] ^ 1);
    record.append(300, '\0');  // a length that grew finds its bytes
    EXPECT_EQ(ends.decrypt(record).error().kind, ErrorKind::kProtocol) << at;
    EXPECT_FALSE(ends.take().empty()) << "no alert at " << at;
  }
}

TEST(Session, RefusesARecordThatComesTwice) {
  Ends ends;
  ends.shake();
  const std::string record = ends.client.write("once");
  EXPECT_EQ(ends.decrypt(record), 4U);
  EXPECT_EQ(ends.decrypt(record).error().kind, ErrorKind::kProtocol);
  EXPECT_EQ(ends.session->failure(), "decryption failed or bad record mac");
}

TEST(Session, SaysThePeersAlert) {
  Ends ends({.version = TLS1_2_VERSION, .algorithms = "RSA+SHA256"});
  EXPECT_EQ(ends.shake(), Step::kFailed);
  EXPECT_EQ(ends.session->reason(), Reason::kTlsNothingShared);

  Ends told;
  told.session->feed(told.client.exchange({}));
  EXPECT_EQ(told.session->handshake(), Step::kRead);
  told.session->feed(std::string("\x15\x03\x03\x00\x02\x02\x2A", 7));  // bad_certificate, before the keys change
  EXPECT_EQ(told.session->handshake(), Step::kFailed);
  EXPECT_EQ(told.session->reason(), Reason::kTlsPeerAlert);
  EXPECT_THAT(told.session->failure(), HasSubstr("bad certificate"));
}

// RFC 8446 §4.6.3: each is answered, and whoever reads the answers may go on like that.
TEST(Session, AnswersKeyUpdates) {
  Ends ends;
  ends.shake();
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(ends.decrypt(ends.client.key_update()).error().kind, ErrorKind::kWouldBlock) << i;
    ends.client.exchange(ends.take());
  }
  ends.client.exchange(ends.encrypt("still here"));
  EXPECT_EQ(ends.client.plain(), "still here");
  EXPECT_EQ(ends.client.error(), "");
}

// A peer that makes the session speak and reads none of it.
TEST(Session, EndsWhenItsAnswersPileUp) {
  Ends ends;
  ends.shake();
  Error error = Error::of(ErrorKind::kWouldBlock);
  for (int i = 0; error.kind == ErrorKind::kWouldBlock && i < 100'000; ++i)
    error = ends.decrypt(ends.client.key_update()).error();
  EXPECT_EQ(error.kind, ErrorKind::kProtocol);
  EXPECT_EQ(error.reason, Reason::kTlsMalformed);
  EXPECT_EQ(ends.session->failure(), "it makes us answer and does not read the answers");
  EXPECT_LT(ends.session->output().size(), 130U * 1024);
}

TEST(Session, ListensHoweverMuchASlowReaderHasNotTaken) {
  Ends ends;
  ends.shake();
  ends.session->output().assign(1'000'000, '.');
  EXPECT_EQ(ends.decrypt(ends.client.write("text")), 4U);
}

TEST(Session, RefusesRenegotiation) {
  Ends ends({.version = TLS1_2_VERSION});
  ends.shake();
  ASSERT_EQ(SSL_renegotiate(ends.client.ssl()), 1);
  SSL_do_handshake(ends.client.ssl());
  ERR_clear_error();
  EXPECT_EQ(ends.decrypt(ends.client.write("")).error().kind, ErrorKind::kWouldBlock);
  ends.client.exchange(ends.take());
  EXPECT_EQ(ends.client.alert(), SSL_AD_NO_RENEGOTIATION);
}

TEST(Session, ClosesOnce) {
  Ends ends;
  ends.shake();
  std::string records;
  ends.session->close(records);
  const std::size_t size = records.size();
  EXPECT_NE(size, 0U);
  ends.session->close(records);
  EXPECT_EQ(records.size(), size);
  ends.client.exchange(ends.take() + records);
  EXPECT_TRUE(ends.client.was_told_the_end());
}

}  // namespace
}  // namespace flare::tls
