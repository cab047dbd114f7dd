#include "flare/ws/blocking_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "flare/http/url.h"
#include "flare/tls/client_context.h"
#include "flare/tls/tls_error.h"
#include "tests/support/ws_frames.h"
#include "tests/unit/ws/peer.h"

namespace flare::ws::test {
namespace {

using flare::test::client_frame;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr milliseconds kShort{40};

std::optional<Received> text(std::string data) { return Received{.type = MessageType::kText, .data = std::move(data)}; }

TEST(BlockingClient, GetsItsMessagesBack) {
  const Peer peer({.upgrade = {.origins = {"*"}, .subprotocols = {"chat"}}});
  auto client = BlockingClient::connect(peer.url(), {.handshake = {.subprotocols = {"chat"}}});
  EXPECT_EQ(client.subprotocol(), "chat");
  client.send_text("one");
  client.send_text("two");
  client.send_binary("\xFF");
  EXPECT_EQ(client.receive(), text("one"));
  EXPECT_EQ(client.receive(milliseconds(10'000)), text("two"));
  EXPECT_EQ(client.receive(), (Received{.type = MessageType::kBinary, .data = "\xFF"}));
  client.close();
  EXPECT_EQ(client.close_code(), CloseCode::kNormal);
  EXPECT_FALSE(client.is_open());
  EXPECT_EQ(client.receive(), std::nullopt);
  EXPECT_THROW(client.send_text("late"), NetworkError);
  EXPECT_NO_THROW(client.close());
}

TEST(BlockingClient, LargeMessagesArriveWholeBothWays) {
  const SessionOptions session{.limits = {.bytes = 1024 * 1024}};
  const Peer peer({.upgrade = {.origins = {"*"}, .deflate = DeflateOptions{}}, .session = session});
  for (const bool deflate : {false, true}) {
    ConnectOptions options{.session = session};
    if (deflate) options.handshake.deflate.emplace();
    auto client = BlockingClient::connect(peer.url(), std::move(options));
    const std::string large(1024 * 1024, 'x');
    client.send_binary(large);
    const auto back = client.receive();
    EXPECT_TRUE(back && back->data == large);
  }
}

TEST(BlockingClient, SaysWhenNothingHasComeAndGoesOn) {
  const Peer peer;
  auto client = BlockingClient::connect(peer.url());
  EXPECT_THROW(client.receive(kShort), ConnectionTimeout);
  EXPECT_THROW(client.receive(milliseconds(0)), ConnectionTimeout);
  EXPECT_TRUE(client.is_open());
  client.send_text("one");
  EXPECT_EQ(client.receive(), text("one"));
}

TEST(BlockingClient, SaysWithWhichStatusItWasRefused) {
  const Peer peer({.answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"});
  try {
    BlockingClient::connect(peer.url() + "?token=secret");
    FAIL() << "connected";
  } catch (const WsHandshakeError& refused) {
    EXPECT_EQ(refused.status(), http::Status::kNotFound);
    EXPECT_EQ(refused.error().reason, Reason::kWsRefused);
    EXPECT_THAT(refused.what(), HasSubstr(peer.url() + ": 404 Not Found"));
  }
}

TEST(BlockingClient, SaysWhatElseItDidNotReach) {
  EXPECT_THROW(BlockingClient::connect("ws://example.com/#part"), http::UrlParseError);
  const Peer smtp({.answer = "220 mail.example.com\r\n"});
  try {
    BlockingClient::connect(smtp.url());
    FAIL() << "connected";
  } catch (const WsHandshakeError& refused) {
    EXPECT_EQ(refused.status(), std::nullopt);
  }
  const Peer peer({.tls = identity().server});
  EXPECT_THROW(BlockingClient::connect("wss://server.example.com/", {.addresses = {peer.where()}}),
               tls::CertificateUntrusted);
  const auto silent = net::listen_on(net::SocketAddr::localhost(0), {});
  ASSERT_TRUE(silent);
  const std::string url = "ws://" + net::SocketRef(silent->get()).local_addr()->to_string();
  EXPECT_THROW(BlockingClient::connect(url, {.timeout = kShort}), ConnectionTimeout);
  EXPECT_THROW(BlockingClient::connect(url, {.handshake = {.origin = "a\nb"}}), http::HeaderInjectionError);
}

TEST(BlockingClient, SaysThatTheServerBrokeARule) {
  const Peer peer({.early = client_frame(Opcode::kText, "masked")});
  auto client = BlockingClient::connect(peer.url());
  try {
    client.receive();
    FAIL() << "received";
  } catch (const WsProtocolError& error) {
    EXPECT_EQ(error.error().reason, Reason::kWsMasking);
  }
  EXPECT_FALSE(client.is_open());
}

TEST(BlockingClient, ToldOfNoEndItSaysThatTheConnectionBroke) {
  const Peer peer({.broken = 1});
  auto client = BlockingClient::connect(peer.url());
  EXPECT_THROW(client.receive(), ConnectionReset);
}

TEST(BlockingClient, HearsWhyTheServerCloses) {
  const Peer peer({.handler = [](Session& session) { return session.close(CloseCode::kGoingAway, "bye"); }});
  auto client = BlockingClient::connect(peer.url());
  EXPECT_EQ(client.receive(), std::nullopt);
  EXPECT_EQ(client.close_code(), CloseCode::kGoingAway);
  EXPECT_EQ(client.close_reason(), "bye");
  try {
    client.send_text("late");
    FAIL() << "sent";
  } catch (const NetworkError& error) {
    EXPECT_THAT(error.what(), HasSubstr("closed with 1001"));
  }
  client.close();
}

TEST(BlockingClient, SendsNoCodeThatMayNotBeSent) {
  const Peer peer;
  auto client = BlockingClient::connect(peer.url());
  EXPECT_THROW(client.close(CloseCode::kNoStatus), std::invalid_argument);
  EXPECT_TRUE(client.is_open());
}

TEST(BlockingClient, MayBeMovedAndDestroyedBeforeItsEnd) {
  const Peer peer;
  auto client = BlockingClient::connect(peer.url());
  client = BlockingClient::connect(peer.url());
  BlockingClient moved(std::move(client));
  moved.send_text("one");
  EXPECT_EQ(moved.receive(), text("one"));
}

}  // namespace
}  // namespace flare::ws::test
