#include "flare/tls/tls_client.h"

#include <utility>

#include "flare/runtime/block_on.h"
#include "flare/runtime/worker.h"
#include "flare/tls/connect.h"
#include "flare/tls/tls_error.h"

namespace flare::tls {

struct TlsClient::Connection {
  /// A turn that waits for nothing: by now time has gone by.
  void begin() {
    worker.run_once(std::chrono::milliseconds(0));
    if (stream) stream->set_deadline(worker.now() + timeout);
  }
  /// What `io` came to, with the stream still there.
  template <class T>
  T finish(const char* doing, runtime::Task<Result<T>> io) {
    auto outcome = runtime::block_on(worker, std::move(io));
    if (!outcome) fail(doing, outcome.error());
    if constexpr (!std::is_void_v<T>) return *outcome;
  }
  [[noreturn]] void fail(const char* doing, const Error& error) const {
    std::string context = doing + where;
    if (stream && !stream->session().failure().empty()) context.append(": ").append(stream->session().failure());
    throw_tls_error(context, error);
  }
  TlsStream& open(const char* doing) {
    if (closed) throw_tls_error(doing + where + ", which was closed before", Error::of(ErrorKind::kClosed));
    begin();
    return *stream;
  }

  std::string where;
  std::chrono::milliseconds timeout = kTimeout;
  bool closed = false;
  runtime::Worker worker;
  std::optional<TlsStream> stream;
};

TlsClient::TlsClient(std::unique_ptr<Connection> connection) noexcept : connection_(std::move(connection)) {}
TlsClient::TlsClient(TlsClient&&) noexcept = default;
TlsClient& TlsClient::operator=(TlsClient&&) noexcept = default;
TlsClient::~TlsClient() = default;

TlsClient TlsClient::connect(const net::Endpoint& where, const std::string& host, const TlsConfig& config) {
  return connect_timeout(where, host, config, kTimeout);
}

TlsClient TlsClient::connect_timeout(const net::Endpoint& where, const std::string& host, const TlsConfig& config,
                                     std::chrono::milliseconds timeout) {
  return connect(where, host, ClientContext::make(config), timeout);
}

TlsClient TlsClient::connect(const net::Endpoint& where, const std::string& host,
                             std::shared_ptr<const ClientContext> context, std::chrono::milliseconds timeout) {
  auto connection = std::make_unique<Connection>();
  connection->where = host + " at " + where.to_string();
  std::string words;
  auto connected = runtime::block_on(
      connection->worker, tls::connect(connection->worker, where, host, std::move(context), timeout, &words));
  if (!connected) {
    if (!words.empty()) words.insert(0, ": ");
    if (connected.error().reason == Reason::kCertificateUntrusted)
      words.append(" (TlsConfig::ca_bundle says whom to trust)");
    throw_tls_error("no TLS connection with " + connection->where + words, connected.error());
  }
  connection->stream.emplace(std::move(*connected));
  return TlsClient(std::move(connection));
}

void TlsClient::set_timeout(std::chrono::milliseconds timeout) noexcept { connection_->timeout = timeout; }

std::size_t TlsClient::read(std::span<char> into) {
  if (into.empty()) return 0;
  TlsStream& stream = connection_->open("reading from ");
  const auto count = runtime::block_on(connection_->worker, stream.read(into));
  if (count) return *count;
  if (count.error().kind == ErrorKind::kClosed) return 0;
  connection_->fail("reading from ", count.error());
}

void TlsClient::read_exact(std::span<char> into) {
  TlsStream& stream = connection_->open("reading from ");
  connection_->finish("reading from ", stream.read_exact(into));
}

std::size_t TlsClient::write(std::string_view bytes) {
  if (bytes.empty()) return 0;
  TlsStream& stream = connection_->open("writing to ");
  return connection_->finish("writing to ", stream.write(bytes));
}

void TlsClient::write_all(std::string_view bytes) {
  TlsStream& stream = connection_->open("writing to ");
  connection_->finish("writing to ", stream.write_all(bytes));
}

void TlsClient::close() noexcept {
  if (!std::exchange(connection_->closed, true)) connection_->stream->close();
}

std::string_view TlsClient::tls_version() const noexcept { return connection_->stream->tls_version(); }
std::string_view TlsClient::cipher_suite() const noexcept { return connection_->stream->cipher_suite(); }
std::string_view TlsClient::alpn() const noexcept { return connection_->stream->alpn(); }
bool TlsClient::is_resumed() const noexcept { return connection_->stream->is_resumed(); }
std::optional<PeerCertificate> TlsClient::peer_certificate() const { return connection_->stream->peer_certificate(); }
std::string TlsClient::peer_cert_subject() const { return connection_->stream->peer_cert_subject(); }

}  // namespace flare::tls
