// From a URL to a client: name, connection, TLS, handshake, all within one time.
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "flare/base/random.h"
#include "flare/dns/resolver.h"
#include "flare/tcp/connect.h"
#include "flare/tls/connect.h"
#include "flare/ws/client.h"
#include "flare/ws/client_connection.h"
#include "flare/ws/upgrade_exchange.h"

namespace flare::ws {
namespace {

/// What all steps of connecting have in common: the time they may take together, and whoever may give them up. Both are
/// one cancellation to what waits.
class Attempt final : private runtime::TimerEntry {
 public:
  Attempt(runtime::Worker& worker, const http::Url& url, const ConnectOptions& options,
          runtime::Cancellation* cancelled, Answer& answer)
      : worker(worker), url(url), options(options), answer(answer) {
    worker.timers().schedule(*this, worker.now() + options.timeout);
    if (cancelled == nullptr) return;
    listener_.emplace(*cancelled, over);
    if (cancelled->is_cancelled()) over.cancel();
  }

  /// The error of a step, which is called `late` where the time has run out on it.
  [[nodiscard]] std::unexpected<Error> failed(Error error, Reason late) const noexcept {
    if (error.kind == ErrorKind::kCancelled && time_is_up_) error = Error::of(ErrorKind::kTimeout);
    if (error.kind == ErrorKind::kTimeout && error.reason == Reason::kNone) error.reason = late;
    error.source = ErrorSource::kUpstream;
    return std::unexpected(error);
  }

  runtime::Worker& worker;
  const http::Url& url;
  const ConnectOptions& options;
  Answer& answer;
  runtime::Cancellation over;

 private:
  struct Listener final : runtime::Cancellation::Listener {
    Listener(runtime::Cancellation& cancelled, runtime::Cancellation& told)
        : runtime::Cancellation::Listener(cancelled), over(told) {}
    void on_cancel() override { over.cancel(); }
    runtime::Cancellation& over;
  };
  void on_timer() override {
    time_is_up_ = true;
    over.cancel();  // the last thing: it may end this
  }

  std::optional<Listener> listener_;
  bool time_is_up_ = false;
};

runtime::Task<Result<std::vector<net::Endpoint>>> find_host(Attempt& attempt) {
  if (!attempt.options.addresses.empty()) co_return attempt.options.addresses;
  std::vector<net::SocketAddr> found;
  if (const auto address = net::IpAddr::try_parse(attempt.url.host())) {
    found.emplace_back(*address, attempt.url.port());
  } else {
    std::optional<dns::Resolver> own;
    if (attempt.options.resolver == nullptr) own.emplace(attempt.worker);
    dns::Resolver& resolver = own ? *own : *attempt.options.resolver;
    const auto answer = co_await resolver.resolve(attempt.url.host(), dns::Family::kAny, &attempt.over);
    if (!answer) co_return attempt.failed(answer.error(), Reason::kDnsTimeout);
    for (const dns::Address& each : answer->addresses) found.emplace_back(each.ip, attempt.url.port());
  }
  co_return tcp::interleave(found);
}

runtime::Task<Result<tcp::TcpStream>> open_stream(std::type_identity<tcp::TcpStream> /*kind*/, Attempt& attempt,
                                                  std::vector<net::Endpoint> where) {
  return tcp::connect(attempt.worker, std::move(where), {.timeout = attempt.options.timeout}, &attempt.over);
}
runtime::Task<Result<tls::TlsStream>> open_stream(std::type_identity<tls::TlsStream> /*kind*/, Attempt& attempt,
                                                  std::vector<net::Endpoint> where) {
  auto context = attempt.options.tls != nullptr ? attempt.options.tls : tls::ClientContext::make();
  return tls::connect(attempt.worker, std::move(where), attempt.url.host(), std::move(context),
                      {.timeout = attempt.options.timeout}, &attempt.over, &attempt.answer.words);
}

template <io::ReusableStream Stream>
struct CancelExchange final : runtime::Cancellation::Listener {
  CancelExchange(runtime::Cancellation& cancelled, http::ClientConnection<Stream>& of)
      : Listener(cancelled), connection(of) {}
  void on_cancel() override { connection.cancel(); }
  http::ClientConnection<Stream>& connection;
};

template <io::ReusableStream Stream>
runtime::Task<Result<Client>> open(Attempt& attempt, std::vector<net::Endpoint> where) {
  const ConnectOptions& options = attempt.options;
  std::array<char, 16> nonce;
  fill_random(nonce);
  const ClientHandshake handshake(nonce, options.handshake);
  const std::string request = upgrade_request(handshake, attempt.url, options.fields);
  auto stream = co_await open_stream(std::type_identity<Stream>(), attempt, std::move(where));
  if (!stream) co_return attempt.failed(stream.error(), Reason::kUpstreamConnectTimeout);

  io::BufferPool buffers(kAnswerBytes, 0);
  http::ClientConnection<Stream> connection(attempt.worker, buffers, std::move(*stream));
  std::optional<CancelExchange<Stream>> listener;
  listener.emplace(attempt.over, connection);
  auto agreement = co_await exchange_upgrade(connection, handshake, request, options.timeout, attempt.answer);
  listener.reset();
  if (!agreement) co_return attempt.failed(agreement.error(), Reason::kUpstreamFirstByte);

  Agreed agreed{.role = Role::kClient, .deflate = agreement->deflate, .subprotocol = std::move(agreement->subprotocol)};
  std::string early(connection.surplus());
  connection.stream().clear_deadline();
  co_return Client(std::make_unique<ConnectionOver<Stream>>(attempt.worker, options.session, std::move(agreed),
                                                            std::move(connection.stream()), std::move(early)));
}

}  // namespace

runtime::Task<Result<Client>> connect(runtime::Worker& worker, http::Url url, ConnectOptions options,
                                      runtime::Cancellation* cancelled, Answer* answer) {
  Answer unread;
  Attempt attempt(worker, url, options, cancelled, answer != nullptr ? *answer : unread);
  if (attempt.over.is_cancelled()) co_return attempt.failed(Error::of(ErrorKind::kCancelled), Reason::kNone);
  auto where = co_await find_host(attempt);
  if (!where) co_return std::unexpected(where.error());
  if (url.is_tls()) {
    auto client = co_await open<tls::TlsStream>(attempt, std::move(*where));
    co_return client;
  }
  auto client = co_await open<tcp::TcpStream>(attempt, std::move(*where));
  co_return client;
}

}  // namespace flare::ws
