#include "flare/tls/connect.h"

#include <optional>
#include <utility>

#include "flare/tcp/connect.h"

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

/// Whoever gives up ends the handshake.
struct CancelStream final : runtime::Cancellation::Listener {
  CancelStream(runtime::Cancellation& cancelled, TlsStream& of) noexcept : Listener(cancelled), stream(of) {}
  void on_cancel() override { stream.cancel(); }
  TlsStream& stream;
};

}  // namespace

runtime::Task<Result<TlsStream>> connect(runtime::Worker& worker, net::Endpoint where, std::string host,
                                         std::shared_ptr<const ClientContext> context,
                                         std::chrono::milliseconds timeout, std::string* words) {
  return connect(worker, std::vector<net::Endpoint>{std::move(where)}, std::move(host), std::move(context),
                 tcp::ConnectOptions{.timeout = timeout}, nullptr, words);
}

runtime::Task<Result<TlsStream>> connect(runtime::Worker& worker, std::vector<net::Endpoint> where, std::string host,
                                         std::shared_ptr<const ClientContext> context, tcp::ConnectOptions options,
                                         runtime::Cancellation* cancelled, std::string* words) {
  const runtime::TimePoint due = worker.now() + options.timeout;
  const auto* const address = where.empty() ? nullptr : where.front().address();
  auto session = context->connect(host, address == nullptr ? std::uint16_t{0} : address->port());
  if (!session) co_return upstream(session.error());
  auto transport = co_await tcp::connect(worker, std::move(where), options, cancelled);
  if (!transport) co_return std::unexpected(transport.error());

  TlsStream stream(std::move(*session), std::move(*transport));  // without Nagle: records leave whole
  std::optional<CancelStream> listener;
  if (cancelled != nullptr) listener.emplace(*cancelled, stream);
  stream.set_deadline(due);
  Nowhere nowhere;
  const auto outcome = co_await stream.handshake(nowhere);
  listener.reset();
  if (!outcome) {
    if (words != nullptr) *words = stream.session().failure();
    co_return upstream(of_handshake(outcome.error()));
  }
  stream.clear_deadline();
  co_return stream;
}

}  // namespace flare::tls
