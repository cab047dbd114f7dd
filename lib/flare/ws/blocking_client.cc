#include "flare/ws/blocking_client.h"

#include <utility>

#include "flare/runtime/block_on.h"
#include "flare/tls/tls_error.h"
#include "flare/ws/client.h"

namespace flare::ws {
namespace {

runtime::Task<Result<Received>> receive_own(Session& session, runtime::TimePoint due) {
  const auto message = co_await session.receive_until(due);
  if (!message) co_return std::unexpected(message.error());
  Received own{.type = message->type, .data = std::string(message->data)};
  static_cast<void>(co_await session.flush());  // pongs: nobody knows when the next call comes
  co_return own;
}

runtime::Task<Result<void>> send_all(Session& session, Message message) {
  auto sent = co_await session.send(message);
  if (sent) sent = co_await session.flush();
  co_return sent;
}

/// For messages: without the query, which may have a token.
std::string place_of(const http::Url& url) {
  const std::string text = url.to_string();
  return text.substr(0, text.find('?'));
}

[[noreturn]] void throw_not_connected(const std::string& where, const Error& error, const Answer& answer) {
  std::string context = "no WebSocket with " + where;
  if (!answer.words.empty()) context.append(": ").append(answer.words);
  if (error.reason == Reason::kWsRefused || error.reason == Reason::kWsBadHandshake)
    throw WsHandshakeError(context, error, answer.status);
  if (error.reason == Reason::kCertificateUntrusted)
    context += " (ConnectOptions::tls says whom to trust: TlsConfig::ca_bundle)";
  tls::throw_tls_error(context, error);
}

}  // namespace

struct BlockingClient::Connection {
  [[nodiscard]] Session& session() noexcept { return client->session(); }
  /// A turn that waits for nothing: by now time has gone by.
  Session& begin() {
    worker.run_once(std::chrono::milliseconds(0));
    return session();
  }
  [[noreturn]] void fail(const char* doing, const Error& error) {
    std::string context = doing + where;
    if (session().close_code() != CloseCode::kAbnormal)
      context += ", closed with " + std::to_string(static_cast<int>(session().close_code()));
    if (error.kind == ErrorKind::kProtocol) throw WsProtocolError(context, error);
    throw_error(context, error);
  }
  void send(const Message& message) {
    Session& session = begin();
    const auto sent = runtime::block_on(worker, send_all(session, message));
    if (!sent) fail("sending to ", sent.error());
  }
  std::optional<Received> receive(std::optional<std::chrono::milliseconds> timeout) {
    Session& session = begin();
    const auto due = timeout ? worker.now() + *timeout : runtime::TimePoint::max();
    auto message = runtime::block_on(worker, receive_own(session, due));
    if (message) return *std::move(message);
    if (message.error().kind == ErrorKind::kClosed) return std::nullopt;
    if (message.error().kind == ErrorKind::kWouldBlock) fail("no message yet from ", Error::of(ErrorKind::kTimeout));
    fail("receiving from ", message.error());
  }

  std::string where;
  runtime::Worker worker;
  std::optional<Client> client;
};

BlockingClient::BlockingClient(std::unique_ptr<Connection> connection) noexcept : connection_(std::move(connection)) {}
BlockingClient::BlockingClient(BlockingClient&&) noexcept = default;
BlockingClient& BlockingClient::operator=(BlockingClient&&) noexcept = default;
BlockingClient::~BlockingClient() = default;

BlockingClient BlockingClient::connect(std::string_view url, ConnectOptions options) {
  auto to = http::Url::parse(url);
  auto connection = std::make_unique<Connection>();
  connection->where = place_of(to);
  options.resolver = nullptr;  // it belongs to another worker
  Answer answer;
  auto client = runtime::block_on(connection->worker,
                                  ws::connect(connection->worker, std::move(to), std::move(options), nullptr, &answer));
  if (!client) throw_not_connected(connection->where, client.error(), answer);
  connection->client.emplace(*std::move(client));
  return BlockingClient(std::move(connection));
}

std::optional<Received> BlockingClient::receive() { return connection_->receive(std::nullopt); }
std::optional<Received> BlockingClient::receive(std::chrono::milliseconds timeout) {
  return connection_->receive(timeout);
}
void BlockingClient::send_text(std::string_view text) { connection_->send({MessageType::kText, text}); }
void BlockingClient::send_binary(std::string_view bytes) { connection_->send({MessageType::kBinary, bytes}); }

void BlockingClient::close(CloseCode code, std::string_view reason) {
  connection_->begin();
  runtime::block_on(connection_->worker, connection_->client->close(code, reason));
}

bool BlockingClient::is_open() const noexcept { return connection_->session().is_open(); }
std::string_view BlockingClient::subprotocol() const noexcept { return connection_->session().subprotocol(); }
CloseCode BlockingClient::close_code() const noexcept { return connection_->session().close_code(); }
std::string_view BlockingClient::close_reason() const noexcept { return connection_->session().close_reason(); }

}  // namespace flare::ws
