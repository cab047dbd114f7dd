// The client for coroutines against real servers on loopback.
#include "flare/ws/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "flare/dns/resolver.h"
#include "flare/runtime/block_on.h"
#include "flare/tls/client_context.h"
#include "tests/support/dns_server.h"
#include "tests/support/ws_frames.h"
#include "tests/unit/ws/peer.h"

namespace flare::ws::test {
namespace {

using flare::test::close_body;
using flare::test::server_frame;
using runtime::Task;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr milliseconds kShort{60};

Error of_server(ErrorKind kind, Reason reason) {
  return {.kind = kind, .source = ErrorSource::kUpstream, .reason = reason};
}

class WsClient : public ::testing::Test {
 protected:
  Result<Client> try_connect(const std::string& url, ConnectOptions options = {},
                             runtime::Cancellation* cancelled = nullptr) {
    answer = {};
    return runtime::block_on(worker, connect(worker, http::Url::parse(url), std::move(options), cancelled, &answer));
  }
  Client must_connect(const std::string& url, ConnectOptions options = {}) {
    auto client = try_connect(url, std::move(options));
    if (!client) throw_error("connecting to " + url + " " + answer.words, client.error());
    return *std::move(client);
  }
  Error refusal(const std::string& url, ConnectOptions options = {}) {
    const auto client = try_connect(url, std::move(options));
    EXPECT_FALSE(client) << url;
    return client ? Error() : client.error();
  }

  runtime::Worker worker;
  Answer answer;
};

/// Sends, and what comes back; "-" where nothing does.
Task<std::string> ask(Session& session, MessageType type, std::string_view data) {
  const auto sent = co_await session.send({type, data});
  if (!sent) co_return "-";
  const auto message = co_await session.receive();
  if (!message || message->type != type) co_return "-";
  co_return std::string(message->data);
}

Task<Result<std::string>> next(Session& session) {
  const auto message = co_await session.receive();
  if (!message) co_return std::unexpected(message.error());
  std::string own(message->data);
  co_return own;
}

// ---- what comes about

TEST_F(WsClient, GetsItsMessagesBack) {
  const Peer peer;
  Client client = must_connect(peer.url());
  EXPECT_EQ(runtime::block_on(worker, ask(client.session(), MessageType::kText, "caf\xC3\xA9")), "caf\xC3\xA9");
  EXPECT_EQ(runtime::block_on(worker, ask(client.session(), MessageType::kBinary, "\xFF\xFE")), "\xFF\xFE");
  EXPECT_EQ(runtime::block_on(worker, ask(client.session(), MessageType::kText, "")), "");
  EXPECT_EQ(client.session().subprotocol(), "");
  EXPECT_EQ(answer.status, http::Status::kSwitchingProtocols);
  EXPECT_EQ(answer.fields.get("Upgrade"), "websocket");
  runtime::block_on(worker, client.close());
  EXPECT_EQ(client.session().close_code(), CloseCode::kNormal);
  EXPECT_EQ(client.session().why(), Reason::kNone);
}

TEST_F(WsClient, FramesInTheSegmentOfTheAnswerComeFirst) {  // W-15
  const std::string frames = server_frame(Opcode::kText, "one") + server_frame(Opcode::kText, "two", {.fin = false}) +
                             server_frame(Opcode::kContinuation, "three");
  const Peer peer({.early = frames});
  Client client = must_connect(peer.url());
  EXPECT_EQ(runtime::block_on(worker, next(client.session())), "one");
  EXPECT_EQ(runtime::block_on(worker, next(client.session())), "twothree");
  EXPECT_EQ(runtime::block_on(worker, ask(client.session(), MessageType::kText, "four")), "four");
}

TEST_F(WsClient, MoreOfThemThanAHeadMayHaveComeInOrder) {
  std::string frames;
  for (int i = 0; i < 100; ++i)
    frames += server_frame(Opcode::kText, std::string(1000, static_cast<char>('0' + i % 10)));
  const Peer peer({.early = frames});
  Client client = must_connect(peer.url());
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(runtime::block_on(worker, next(client.session())), std::string(1000, static_cast<char>('0' + i % 10)));
}

TEST_F(WsClient, LargeMessagesArriveWholeBothWays) {
  constexpr std::size_t kMiB = 1024 * 1024;
  const SessionOptions session{.limits = {.bytes = kMiB}};
  const Peer plain({.session = session});
  const Peer secure({.session = session, .tls = identity().server});
  std::string large;
  while (large.size() < kMiB) large += std::to_string(large.size());
  large.resize(kMiB);
  for (const Peer* peer : {&plain, &secure}) {
    ConnectOptions options{.session = session, .tls = tls::ClientContext::make(tls::TlsConfig::insecure())};
    Client client = must_connect(peer->url(), std::move(options));
    EXPECT_TRUE(runtime::block_on(worker, ask(client.session(), MessageType::kText, large)) == large);
    runtime::block_on(worker, client.close());
  }
}

TEST_F(WsClient, CompressesAsWasAgreedOn) {
  const std::string text(5000, 'x');
  for (const std::size_t theirs : {0U, 64U * 1024U}) {
    for (const std::size_t ours : {0U, 64U * 1024U}) {
      const Peer peer({.upgrade = {.origins = {"*"}, .deflate = DeflateOptions{.memory = theirs}}});
      Client client = must_connect(peer.url(), {.handshake = {.deflate = DeflateOptions{.memory = ours}}});
      for (int i = 0; i < 3; ++i)
        EXPECT_EQ(runtime::block_on(worker, ask(client.session(), MessageType::kText, text)), text);
      EXPECT_LT(client.session().counts().bytes_in, 200U);
      EXPECT_LT(client.session().counts().bytes_out, 200U);
      const bool holds = client.session().memory() > 1024;
      EXPECT_EQ(holds, ours != 0 && theirs != 0) << ours << ' ' << theirs;
    }
  }
  const Peer without;
  Client client = must_connect(without.url(), {.handshake = {.deflate = DeflateOptions{}}});
  EXPECT_EQ(runtime::block_on(worker, ask(client.session(), MessageType::kText, text)), text);
  EXPECT_GT(client.session().counts().bytes_out, text.size());
}

TEST_F(WsClient, TheFirstSubprotocolThatTheServerHasIsChosen) {
  const Peer peer({.upgrade = {.origins = {"*"}, .subprotocols = {"chat.v1", "chat.v2"}}});
  Client client = must_connect(peer.url(), {.handshake = {.subprotocols = {"chat.v3", "chat.v2", "chat.v1"}}});
  EXPECT_EQ(client.session().subprotocol(), "chat.v2");
}

TEST_F(WsClient, SendsWhatItWasToldAlong) {
  const Peer peer;
  ConnectOptions options{.handshake = {.origin = "https://www.example.com"}};
  options.fields.set("Authorization", "Bearer abc");
  options.fields.append("Cookie", "a=b; c=d");
  must_connect(peer.url() + "feed?from=1", std::move(options));
  EXPECT_THAT(peer.request(), ::testing::StartsWith("GET /feed?from=1 HTTP/1.1\r\nHost: " + peer.where().to_string()));
  for (const char* line : {"Origin: https://www.example.com", "Authorization: Bearer abc", "Cookie: a=b; c=d"})
    EXPECT_THAT(peer.request(), HasSubstr("\r\n" + std::string(line) + "\r\n"));
}

TEST_F(WsClient, WhatTheHandshakeSendsItselfIsNotToBeGiven) {
  for (const char* name : {"host", "Connection", "upgrade", "Origin", "Sec-WebSocket-Key", "Content-Length"}) {
    ConnectOptions options;
    options.fields.set(name, "1");
    EXPECT_THROW(try_connect("ws://127.0.0.1:1/", std::move(options)), std::invalid_argument) << name;
  }
  EXPECT_THROW(try_connect("ws://127.0.0.1:1/", {.handshake = {.origin = "a\r\nb: c"}}), http::HeaderInjectionError);
}

TEST_F(WsClient, AnswersPings) {
  const Peer peer({.raw = [](tcp::TcpStream& stream) -> Task<void> {
    const std::string ping = server_frame(Opcode::kPing, "are you there?");
    static_cast<void>(co_await stream.write_all(ping));
    std::array<char, 2 + 4 + 14> pong{};
    const auto got = co_await stream.read_exact(pong);
    EXPECT_TRUE(got);
    EXPECT_EQ(pong[0], '\x8A');
    EXPECT_EQ(pong[1], '\x8E') << "masked";
    apply_mask(std::span(pong).subspan(6), MaskingKey::load(pong.data() + 2));
    const std::string back = server_frame(Opcode::kText, {pong.data() + 6, 14});
    static_cast<void>(co_await stream.write_all(back));
    static_cast<void>(co_await stream.read_exact(pong));
  }});
  Client client = must_connect(peer.url());
  EXPECT_EQ(runtime::block_on(worker, next(client.session())), "are you there?");
}

TEST_F(WsClient, FindsItsServerByName) {
  const Peer peer;
  const std::string port = std::to_string(peer.where().address()->port());
  Client client = must_connect("ws://localhost:" + port + "/");  // ::1 too, where nobody listens
  EXPECT_EQ(runtime::block_on(worker, ask(client.session(), MessageType::kText, "one")), "one");
  EXPECT_THAT(peer.request(), HasSubstr("Host: localhost:" + port));
}

// ---- the end

TEST_F(WsClient, HearsWhyTheServerCloses) {
  const Peer peer({.handler = [](Session& session) { return session.close(CloseCode{3001}, "enough"); }});
  Client client = must_connect(peer.url());
  EXPECT_EQ(runtime::block_on(worker, next(client.session())), std::unexpected(Error::of(ErrorKind::kClosed)));
  EXPECT_EQ(client.session().close_code(), CloseCode{3001});
  EXPECT_EQ(client.session().close_reason(), "enough");
  runtime::block_on(worker, client.close());
}

TEST_F(WsClient, ClosingWaitsForTheServersEcho) {  // W-11
  const Peer peer({.raw = [](tcp::TcpStream& stream) -> Task<void> {
    std::array<char, 2 + 4 + 2 + 3> close{};
    const auto got = co_await stream.read_exact(close);
    EXPECT_TRUE(got);
    apply_mask(std::span(close).subspan(6), MaskingKey::load(close.data() + 2));
    EXPECT_EQ(std::string(close.data() + 6, 5), close_body(1001, "bye"));
    const std::string back = server_frame(Opcode::kText, "dropped") + server_frame(Opcode::kClose, close_body(1001));
    static_cast<void>(co_await stream.write_all(back));
  }});
  Client client = must_connect(peer.url());
  runtime::block_on(worker, client.close(CloseCode::kGoingAway, "bye"));
  EXPECT_EQ(client.session().close_code(), CloseCode::kGoingAway) << "the echo has been seen";
  EXPECT_EQ(client.session().why(), Reason::kNone);
}

TEST_F(WsClient, AServerThatJustHangsUpHasNotClosed) {
  const Peer peer({.broken = 1});
  Client client = must_connect(peer.url());
  const auto end = runtime::block_on(worker, next(client.session()));
  EXPECT_EQ(end.error(), Error::of(ErrorKind::kConnectionReset, Reason::kUpstreamClosed));
  EXPECT_EQ(client.session().close_code(), CloseCode::kAbnormal);
  runtime::block_on(worker, client.close());
}

Task<void> send_and_leave(Client client) {
  static_cast<void>(co_await client.session().send_text("nobody may ever read this"));
}
TEST_F(WsClient, MayBeDestroyedBeforeItsEnd) {
  const Peer peer;
  runtime::block_on(worker, send_and_leave(must_connect(peer.url())));
  {
    Client first = must_connect(peer.url());
    Client second = must_connect(peer.url());
    EXPECT_EQ(runtime::block_on(worker, ask(first.session(), MessageType::kText, "one")), "one");
    first = std::move(second);
    EXPECT_EQ(runtime::block_on(worker, ask(first.session(), MessageType::kText, "two")), "two");
  }
  Client client = must_connect(peer.url());
  EXPECT_EQ(runtime::block_on(worker, ask(client.session(), MessageType::kText, "three")), "three");
}

// ---- who refuses

TEST_F(WsClient, HearsWithWhichStatusItWasRefused) {
  struct Case {
    std::string head;
    int status;
    std::string words;
  };
  for (const auto& [head, status, words] : {
           Case{"403 Forbidden\r\nX-Why: origin", 403, "403 Forbidden"},
           Case{"404 Not Found", 404, "404 Not Found"},
           Case{"301 Moved Permanently\r\nLocation: wss://example.com/", 301, "301 Moved Permanently"},
           Case{"503 Gone fishing\r\nRetry-After: 60", 503, "503 Service Unavailable"},
           Case{"200 OK\r\nUpgrade: websocket\r\nConnection: Upgrade", 200, "200 OK"},
       }) {
    const Peer peer({.answer = "HTTP/1.1 " + head + "\r\nContent-Length: 2\r\n\r\nno"});
    EXPECT_EQ(refusal(peer.url()), of_server(ErrorKind::kProtocol, Reason::kWsRefused)) << head;
    EXPECT_EQ(http::code(answer.status.value()), status);
    EXPECT_EQ(answer.words, words);
    EXPECT_EQ(answer.fields.contains("Retry-After"), status == 503);
  }
}

TEST_F(WsClient, TakesNoAnswerThatIsNotTheOneToItsQuestion) {
  const std::string start = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  for (const std::string& answered : {
           start + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
           start + "\r\n",
           std::string("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
       }) {
    const Peer peer({.answer = answered});
    EXPECT_EQ(refusal(peer.url()), of_server(ErrorKind::kProtocol, Reason::kWsBadHandshake)) << answered;
    EXPECT_EQ(answer.status, http::Status::kSwitchingProtocols);
    EXPECT_THAT(answer.words, HasSubstr("not as it was asked to"));
  }
}

TEST_F(WsClient, TakesNoAnswerThatIsNoHttp) {
  const Peer ssh({.answer = "SSH-2.0-OpenSSH_9.2\r\n"});
  EXPECT_EQ(refusal(ssh.url()), of_server(ErrorKind::kProtocol, Reason::kWsBadHandshake));
  EXPECT_EQ(answer.status, std::nullopt);
  EXPECT_EQ(answer.words, "the answer is no HTTP/1.1 (bad_status_line)");
  const Peer huge({.answer = "HTTP/1.1 101 Switching Protocols\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"});
  EXPECT_EQ(refusal(huge.url()), of_server(ErrorKind::kProtocol, Reason::kWsBadHandshake));
}

TEST_F(WsClient, WaitsForTheLastOfSeveralHeads) {
  const Peer peer({.answer = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 403 Forbidden\r\n\r\n"});
  EXPECT_EQ(refusal(peer.url()).reason, Reason::kWsRefused);
  EXPECT_EQ(answer.status, http::Status::kForbidden);
}

TEST_F(WsClient, KnowsWhoHangsUpInsteadOfAnAnswer) {
  const Peer peer({.answer = "HTTP/1.1 101"});
  EXPECT_EQ(refusal(peer.url()), of_server(ErrorKind::kClosed, Reason::kUpstreamClosed));
}

// ---- TLS

TEST_F(WsClient, ByTlsItTalksToWhomItTrusts) {
  const Peer peer({.tls = identity().server, .early = server_frame(Opcode::kText, "early")});
  ConnectOptions options{.tls = tls::ClientContext::make({.ca_pem = identity().ca_pem}), .addresses = {peer.where()}};
  Client client = must_connect("wss://server.example.com/feed", std::move(options));
  EXPECT_EQ(runtime::block_on(worker, next(client.session())), "early");
  EXPECT_EQ(runtime::block_on(worker, ask(client.session(), MessageType::kText, "one")), "one");
  EXPECT_THAT(peer.request(), HasSubstr("\r\nHost: server.example.com\r\n"));
  runtime::block_on(worker, client.close());
  EXPECT_EQ(client.session().close_code(), CloseCode::kNormal);
}

TEST_F(WsClient, ByTlsItTalksToNobodyElse) {
  const Peer peer({.tls = identity().server});
  EXPECT_EQ(refusal("wss://server.example.com/", {.addresses = {peer.where()}}),
            of_server(ErrorKind::kProtocol, Reason::kCertificateUntrusted));
  EXPECT_THAT(answer.words, HasSubstr("self-signed"));
  const auto trusting = tls::ClientContext::make({.ca_pem = identity().ca_pem});
  EXPECT_EQ(refusal("wss://www.example.com/", {.tls = trusting, .addresses = {peer.where()}}),
            of_server(ErrorKind::kProtocol, Reason::kCertificateHostname));
  EXPECT_EQ(peer.connections(), 0) << "no request was sent";
}

// ---- who does not answer, and who gives up

TEST_F(WsClient, ConnectingEndsInTime) {
  const auto silent = net::listen_on(net::SocketAddr::localhost(0), {});
  ASSERT_TRUE(silent);
  const std::string where = net::SocketRef(silent->get()).local_addr()->to_string();
  EXPECT_EQ(refusal("ws://" + where, {.timeout = kShort}), of_server(ErrorKind::kTimeout, Reason::kUpstreamFirstByte));
  EXPECT_EQ(refusal("wss://" + where, {.timeout = kShort}).kind, ErrorKind::kTimeout);
  EXPECT_EQ(answer.status, std::nullopt);
}

TEST_F(WsClient, NamesThatAreNotFoundAreTold) {
  const flare::test::DnsServer names;
  dns::Resolver resolver(worker, {.servers = {names.address()}});
  EXPECT_EQ(refusal("ws://missing.example.com/", {.resolver = &resolver}),
            of_server(ErrorKind::kAddressNotAvailable, Reason::kNameNotFound));
  EXPECT_EQ(refusal("ws://silent.example.com/", {.timeout = kShort, .resolver = &resolver}),
            of_server(ErrorKind::kTimeout, Reason::kDnsTimeout));
}

TEST_F(WsClient, NobodyListensThere) {
  std::string url;
  {
    const Peer peer;
    url = peer.url();
  }
  EXPECT_EQ(refusal(url).kind, ErrorKind::kConnectionRefused);
}

Task<void> keep(Task<Result<Client>> connecting, Result<Client>& result) { result = co_await std::move(connecting); }

TEST_F(WsClient, WhoGivesUpConnectingIsToldAtOnce) {
  const auto silent = net::listen_on(net::SocketAddr::localhost(0), {});
  ASSERT_TRUE(silent);
  const std::string url = "ws://" + net::SocketRef(silent->get()).local_addr()->to_string();
  runtime::Cancellation cancelled;
  Result<Client> result = fail(ErrorKind::kSystem);
  worker.spawn(keep(connect(worker, http::Url::parse(url), {}, &cancelled), result));
  for (int i = 0; i < 3; ++i) worker.run_once(milliseconds(10));  // it waits for the answer
  EXPECT_EQ(worker.active_tasks(), 1U);
  cancelled.cancel();
  EXPECT_EQ(worker.active_tasks(), 0U);
  EXPECT_EQ(result.error(), of_server(ErrorKind::kCancelled, Reason::kNone));
  result = try_connect(url, {}, &cancelled);
  EXPECT_EQ(result.error(), of_server(ErrorKind::kCancelled, Reason::kNone)) << "too late";
}

Task<void> wait_for_message(Session& session, Result<Message>& result) { result = co_await session.receive(); }

TEST_F(WsClient, CancellingEndsTheWaitForAMessage) {
  const Peer peer;
  Client client = must_connect(peer.url());
  Result<Message> result = fail(ErrorKind::kSystem);
  worker.spawn(wait_for_message(client.session(), result));
  EXPECT_EQ(worker.active_tasks(), 1U);
  client.cancel();
  EXPECT_EQ(worker.active_tasks(), 0U);
  EXPECT_EQ(result.error().kind, ErrorKind::kCancelled);
}

}  // namespace
}  // namespace flare::ws::test
