#include "flare/tls/connect.h"

#include <utility>

#include "flare/tcp/tcp_stream.h"

namespace flare::tls {
namespace {

std::unexpected<Error> upstream(Error error) noexcept {
  error.source = ErrorSource::kUpstream;
  return std::unexpected(error);
}

/// What ended the transport ended a handshake.
Error of_handshake(Error error) noexcept {
  if (error.kind == ErrorKind::kTimeout) error.reason = Reason::kTlsTimeout;
  if (error.kind == ErrorKind::kClosed || error.kind == ErrorKind::kConnectionReset ||
      error.kind == ErrorKind::kBrokenPipe)
    error = Error::of(ErrorKind::kProtocol, Reason::kTlsClosed);
  return error;
}

/// A client has no step that it would do elsewhere.
struct Nowhere {
  runtime::Task<Step> operator()(std::shared_ptr<Session> session) const { co_return session->handshake(); }
};

}  // namespace

runtime::Task<Result<TlsStream>> connect(runtime::Worker& worker, net::Endpoint where, std::string host,
                                         std::shared_ptr<const ClientContext> context,
                                         std::chrono::milliseconds timeout, std::string* words) {
  const runtime::TimePoint due = worker.now() + timeout;
  const auto* const address = where.address();
  auto session = context->connect(host, address == nullptr ? std::uint16_t{0} : address->port());
  if (!session) co_return upstream(session.error());
  auto transport = co_await tcp::TcpStream::connect(worker, std::move(where), timeout);
  if (!transport) co_return upstream(transport.error());
  static_cast<void>(
      transport->socket().set_tcp_nodelay(true));  // records leave whole; a unix socket has no such option

  TlsStream stream(std::move(*session), std::move(*transport));
  stream.set_deadline(due);
  Nowhere nowhere;
  const auto outcome = co_await stream.handshake(nowhere);
  if (!outcome) {
    if (words != nullptr) *words = stream.session().failure();
    co_return upstream(of_handshake(outcome.error()));
  }
  stream.clear_deadline();
  co_return stream;
}

}  // namespace flare::tls
