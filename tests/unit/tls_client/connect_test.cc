// Both ends of a connection on one worker: what a client makes of a server that ends in one way or another.
#include "flare/tls/connect.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>

#include "flare/tcp/tcp_listener.h"
#include "flare/tls/certificate.h"
#include "flare/tls/server_context.h"
#include "tests/unit/tls_client/authority.h"

namespace flare::tls::test {
namespace {

using runtime::Task;
using std::chrono::milliseconds;

constexpr const char* kHost = "server.example.com";
constexpr milliseconds kLong{10'000};

const Authority& authority() {
  static const Authority made;
  return made;
}

struct AtOnce {
  Task<Step> operator()(std::shared_ptr<Session> session) const { co_return session->handshake(); }
};

/// What a server does with its connection after the handshake; null: it hangs up instead of a handshake.
using Part = Task<void> (*)(TlsStream& stream);

Task<void> serve_one(tcp::TcpListener& listener, std::shared_ptr<const ServerContext> context, Part part) {
  auto accepted = co_await listener.accept();
  EXPECT_TRUE(accepted);
  TlsStream stream(context->accept(), std::move(accepted->stream));
  if (part == nullptr) {
    stream.close();
    co_return;
  }
  const AtOnce at_once;
  const auto shaken = co_await stream.handshake(at_once);
  EXPECT_TRUE(shaken);
  co_await part(stream);
}

Task<void> connect_and_read(runtime::Worker& worker, net::Endpoint where, std::shared_ptr<const ClientContext> context,
                            std::string& text, std::optional<Error>& end) {
  auto stream = co_await connect(worker, std::move(where), kHost, std::move(context), kLong);
  if (!stream) {
    end = stream.error();
    co_return;
  }
  EXPECT_EQ(stream->tls_version(), "TLSv1.3");
  EXPECT_EQ(stream->peer_cert_subject(), "CN=leaf");
  std::array<char, 64> piece{};
  while (!end) {
    const auto count = co_await stream->read(piece);
    if (count) {
      text.append(piece.data(), *count);
    } else {
      end = count.error();
    }
  }
}

class Connect : public ::testing::Test {
 protected:
  Connect() {
    const Pems pems = authority().issue({});
    ServerOptions options;
    options.certificates = {{.certificate = Certificate::parse(pems.chain, pems.key), .is_default = true}};
    server = ServerContext::make(std::move(options));
    client = ClientContext::make({.ca_pem = authority().pem()});
    listener.emplace(*tcp::TcpListener::bind(worker, net::SocketAddr::localhost(0)));
  }
  void run(Part part) {
    worker.spawn(serve_one(*listener, server, part));
    worker.spawn(connect_and_read(worker, *listener->local_addr(), client, text, end));
    while (worker.active_tasks() != 0) worker.run_once(milliseconds(1000));
    ASSERT_TRUE(end);
  }

  runtime::Worker worker;
  std::shared_ptr<const ServerContext> server;
  std::shared_ptr<const ClientContext> client;
  std::optional<tcp::TcpListener> listener;
  std::string text;
  std::optional<Error> end;
};

Task<void> say_and_close(TlsStream& stream) {
  const auto written = co_await stream.write_all("all of it");
  EXPECT_TRUE(written);
  stream.close();
}
TEST_F(Connect, CloseNotifyIsTheEnd) {
  run(&say_and_close);
  EXPECT_EQ(text, "all of it");
  EXPECT_EQ(end, Error::of(ErrorKind::kClosed));
}

Task<void> say_and_be_cut_off(TlsStream& stream) {
  const auto written = co_await stream.write_all("part of i");
  EXPECT_TRUE(written);
  EXPECT_TRUE(stream.transport().shutdown_write());  // the end of TCP alone
  std::array<char, 1> byte{};
  const auto count = co_await stream.read(byte);
  EXPECT_FALSE(count);
}
TEST_F(Connect, TheEndOfTheTransportAloneIsNot) {  // T-6
  run(&say_and_be_cut_off);
  EXPECT_EQ(text, "part of i");
  EXPECT_EQ(
      end,
      (Error{.kind = ErrorKind::kConnectionReset, .source = ErrorSource::kUpstream, .reason = Reason::kTlsClosed}));
}

Task<void> say_garbage(TlsStream& stream) {
  EXPECT_TRUE(stream.transport().try_write(std::string_view("\x17\x03\x03\x00\x11 no record of this", 23)));
  std::array<char, 1> byte{};
  const auto count = co_await stream.read(byte);
  EXPECT_FALSE(count);
}
TEST_F(Connect, WhatWasNotEncryptedByTheServerBreaksTheStream) {
  run(&say_garbage);
  EXPECT_EQ(text, "");
  EXPECT_EQ(end,
            (Error{.kind = ErrorKind::kProtocol, .source = ErrorSource::kUpstream, .reason = Reason::kTlsMalformed}));
}

TEST_F(Connect, AServerThatHangsUpInTheHandshakeIsToldFromOneThatIsNotThere) {
  run(nullptr);
  EXPECT_EQ(end, (Error{.kind = ErrorKind::kProtocol, .source = ErrorSource::kUpstream, .reason = Reason::kTlsClosed}));
}

Task<void> connect_in_vain(runtime::Worker& worker, net::Endpoint where, std::shared_ptr<const ClientContext> context,
                           std::string host, milliseconds timeout, std::optional<Error>& end, std::string& words) {
  const auto stream = co_await connect(worker, std::move(where), std::move(host), std::move(context), timeout, &words);
  EXPECT_FALSE(stream);
  if (!stream) end = stream.error();
}

TEST_F(Connect, ASilentServerIsATimeoutOfTls) {
  std::string words;
  worker.spawn(connect_in_vain(worker, *listener->local_addr(), client, kHost, milliseconds(30), end, words));
  while (worker.active_tasks() != 0) worker.run_once(milliseconds(1000));
  EXPECT_EQ(end, (Error{.kind = ErrorKind::kTimeout, .source = ErrorSource::kUpstream, .reason = Reason::kTlsTimeout}));
}

TEST_F(Connect, AHostThatIsNoneIsNotConnectedTo) {
  std::string words;
  worker.spawn(connect_in_vain(worker, *listener->local_addr(), client, "no host", kLong, end, words));
  EXPECT_EQ(worker.active_tasks(), 0U);
  EXPECT_EQ(end->reason, Reason::kCertificateHostname);
}

Task<void> answer_in_plain(tcp::TcpListener& listener) {
  auto accepted = co_await listener.accept();
  EXPECT_TRUE(accepted);
  const auto written = co_await accepted->stream.write_all("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_TRUE(written);
  std::array<char, 4096> hello{};
  const auto read = co_await accepted->stream.read(hello);
  EXPECT_TRUE(read);
}
TEST_F(Connect, AServerOfPlainHttpIsToldFromOneOfTls) {
  std::string words;
  worker.spawn(answer_in_plain(*listener));
  worker.spawn(connect_in_vain(worker, *listener->local_addr(), client, kHost, kLong, end, words));
  while (worker.active_tasks() != 0) worker.run_once(milliseconds(1000));
  EXPECT_EQ(end->reason, Reason::kTlsMalformed);
  EXPECT_EQ(words, "wrong version number");
}

Task<void> send_back(TlsStream& stream) {
  std::string text(200'000, '\0');
  const auto read = co_await stream.read_exact(text);
  EXPECT_TRUE(read);
  const auto written = co_await stream.write_all(text);
  EXPECT_TRUE(written);
}
Task<void> send_and_read_back(runtime::Worker& worker, net::Endpoint where,
                              std::shared_ptr<const ClientContext> context, bool& same) {
  auto stream = co_await connect(worker, std::move(where), kHost, std::move(context), kLong);
  EXPECT_TRUE(stream);
  if (!stream) co_return;
  std::string text;
  while (text.size() < 200'000) text.append(std::to_string(text.size()));
  text.resize(200'000);
  const auto written = co_await stream->write_all(text);
  EXPECT_TRUE(written);
  std::string back(text.size(), '\0');
  const auto read = co_await stream->read_exact(back);
  EXPECT_TRUE(read);
  same = back == text;
}
TEST_F(Connect, ManyRecordsArriveWholeInBothDirections) {
  bool same = false;
  worker.spawn(serve_one(*listener, server, &send_back));
  worker.spawn(send_and_read_back(worker, *listener->local_addr(), client, same));
  while (worker.active_tasks() != 0) worker.run_once(milliseconds(1000));
  EXPECT_TRUE(same);
}

}  // namespace
}  // namespace flare::tls::test
