#include "flare/handlers/reverse_proxy.h"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "flare/handlers/proxy/forward_response.h"
#include "flare/handlers/proxy/proxied_body.h"
#include "flare/handlers/proxy/tunnel.h"
#include "flare/runtime/worker.h"

namespace flare::handlers {
namespace {

using http::BodyFraming;
using http::Method;
using http::Request;
using http::Response;
using http::Status;
using runtime::Task;
using runtime::Worker;

using Connection = http::ClientConnection<tcp::TcpStream>;
using Pool = http::ConnectionPool<Connection>;

constexpr std::size_t kUsualHead = 2048;
constexpr std::size_t kKeptHeads = 16;

/// What one worker has of one upstream. Whoever has a connection keeps it alive: its buffer comes from here.
struct Local {
  Local(Worker& of, const ProxyOptions& options)
      : worker(of), buffers(options.limits.head.header_bytes), pool(of, options.keepalive) {}
  /// For one request's head: another one may be made while this one waits to be sent.
  io::Buffer take_head() {
    if (heads.empty()) return io::Buffer(kUsualHead);
    io::Buffer head = std::move(heads.back());
    heads.pop_back();
    return head;
  }
  void put_head(io::Buffer head) {
    head.clear();
    if (heads.size() < kKeptHeads) heads.push_back(std::move(head));
  }

  Worker& worker;
  io::BufferPool buffers;
  Pool pool;
  std::vector<io::Buffer> heads;
};

/// What a HEAD would have got as a GET: its size is told, nothing of it is sent.
struct UnsentBody final : http::BodySource {
  explicit UnsentBody(std::optional<std::uint64_t> of) noexcept : size_told(of) {}
  Task<Result<std::string_view>> next() override { co_return std::string_view(); }
  [[nodiscard]] std::optional<std::uint64_t> size() const noexcept override { return size_told; }
  std::optional<std::uint64_t> size_told;
};

bool is_idempotent(Method method) noexcept {  // RFC 9110 §9.2.2
  switch (method) {
    case Method::kGet:
    case Method::kHead:
    case Method::kOptions:
    case Method::kPut:
    case Method::kDelete: return true;
    default: return false;
  }
}

Response refusal(const Error& error) {
  if (error.source != ErrorSource::kUpstream) {  // the client's content
    Response response = http::error_response(http::status_for(error.reason), error.reason);
    response.close = true;
    return response;
  }
  const Status status = error.kind == ErrorKind::kTimeout ? Status::kGatewayTimeout : Status::kBadGateway;  // P-9
  return http::error_response(status, error.reason == Reason::kNone ? Reason::kUpstreamConnect : error.reason);
}

Error unasked_upgrade() noexcept {
  return {.kind = ErrorKind::kProtocol, .source = ErrorSource::kUpstream, .reason = Reason::kBadStatusLine};
}

/// Gives up the upstream request when the client leaves (P-11).
struct CancelExchange final : runtime::Cancellation::Listener {
  CancelExchange(runtime::Cancellation& client, Connection& of) noexcept : Listener(client), connection(of) {}
  void on_cancel() override { connection.cancel(); }
  Connection& connection;
};

}  // namespace

struct ReverseProxy::Upstream : std::enable_shared_from_this<ReverseProxy::Upstream> {
  Upstream(net::Endpoint where, ProxyOptions chosen)
      : server(std::move(where)), name(server.to_string()), options(std::move(chosen)) {}

  std::shared_ptr<Local> local(Worker& worker) const;
  static Task<Response> answer(std::shared_ptr<const Upstream> upstream, Request& request);

  net::Endpoint server;
  std::string name;
  ProxyOptions options;

 private:
  struct Attempt {
    Pool::Lease lease;
    const http::ResponseHead* head = nullptr;
    std::string_view upgrade;  ///< what the client wants to switch to
    bool sent_content = false;
  };
  Task<Result<void>> open(Local& local, Attempt& attempt, runtime::Cancellation& client) const;
  Task<Result<void>> ask(Local& local, Attempt& attempt, Request& request) const;
  Task<Result<void>> receive(Attempt& attempt, Request& request) const;
  Response give(const std::shared_ptr<Local>& local, Attempt attempt, const Request& request) const;
};

std::shared_ptr<Local> ReverseProxy::Upstream::local(Worker& worker) const {
  struct Held {
    std::weak_ptr<const Upstream> owner;
    std::shared_ptr<Local> local;
  };
  thread_local std::unordered_map<const Upstream*, Held> all;
  const auto found = all.find(this);
  if (found != all.end() && !found->second.owner.expired() && &found->second.local->worker == &worker) [[likely]]
    return found->second.local;
  std::erase_if(all, [this](const auto& item) { return item.first == this || item.second.owner.expired(); });
  return all.emplace(this, Held{weak_from_this(), std::make_shared<Local>(worker, options)}).first->second.local;
}

/// A new connection.
Task<Result<void>> ReverseProxy::Upstream::open(Local& local, Attempt& attempt, runtime::Cancellation& client) const {
  std::vector<net::Endpoint> where{server};
  auto stream = co_await tcp::connect(local.worker, std::move(where), options.connect, &client);
  if (!stream) {
    Error error = stream.error();
    if (error.reason == Reason::kNone) {
      error.reason = error.kind == ErrorKind::kTimeout ? Reason::kUpstreamConnectTimeout : Reason::kUpstreamConnect;
    }
    co_return std::unexpected(error);
  }
  attempt.lease = Pool::Lease::make(local.worker, local.buffers, std::move(*stream));
  co_return Result<void>();
}

/// Sends the request and receives the head of its answer.
Task<Result<void>> ReverseProxy::Upstream::ask(Local& local, Attempt& attempt, Request& request) const {
  Connection& connection = *attempt.lease;
  const CancelExchange listener(request.cancellation(), connection);
  connection.begin(request.method(), options.limits);
  http::ContentSource* const content = request.has_content() ? request.content_source() : nullptr;
  const bool chunked = content != nullptr && request.head().framing == http::Framing::kChunked;
  const std::string_view at_hand = content == nullptr ? request.body() : std::string_view();
  const proxy::RequestContent framing = chunked                                  ? proxy::RequestContent::kChunked
                                        : content != nullptr || !at_hand.empty() ? proxy::RequestContent::kLength
                                                                                 : proxy::RequestContent::kNone;
  io::Buffer head = local.take_head();
  attempt.upgrade = proxy::wanted_upgrade(request);
  proxy::append_request_head(head, request, options.forward, name, attempt.upgrade, framing,
                             content != nullptr ? request.head().content_length : at_hand.size());
  const io::Pieces pieces(head.view(), at_hand);
  auto sent = co_await connection.send(pieces);
  local.put_head(std::move(head));
  if (sent && content != nullptr) {
    attempt.sent_content = true;
    sent = co_await connection.send_content(*content, chunked ? BodyFraming::kChunked : BodyFraming::kLength);
  }
  // A server that closes may have said why before: that counts.
  if (!sent && (sent.error().source != ErrorSource::kUpstream || sent.error().kind == ErrorKind::kTimeout))
    co_return sent;
  auto received = co_await receive(attempt, request);
  co_return received;
}

/// The final head; what comes before it goes on to the client (P-12).
Task<Result<void>> ReverseProxy::Upstream::receive(Attempt& attempt, Request& request) const {
  for (;;) {
    auto received = co_await attempt.lease->receive_head();
    if (!received) co_return std::unexpected(received.error());
    const http::ResponseHead& head = **received;
    attempt.head = &head;
    if (head.status == Status::kSwitchingProtocols && !proxy::is_granted(attempt.upgrade, http::Fields(head.fields)))
      co_return std::unexpected(unasked_upgrade());
    if (!head.is_interim()) co_return Result<void>();
    if (head.status == Status::kContinue) continue;  // who waited for that has it from us
    const Response interim = proxy::forward_response(head);
    auto told = co_await request.exchange()->send_interim(interim.status, interim.headers);
    if (!told) co_return told;
  }
}

Response ReverseProxy::Upstream::give(const std::shared_ptr<Local>& local, Attempt attempt,
                                      const Request& request) const {
  const Method method = request.method();
  Response response = proxy::forward_response(*attempt.head);
  if (response.status == Status::kSwitchingProtocols) {
    response.headers.set("Upgrade", *http::Fields(attempt.head->fields).get("Upgrade"));
    std::string surplus(attempt.lease->surplus());
    static_cast<void>(attempt.lease->finish());
    response.takeover = std::make_unique<proxy::Tunnel<Pool::Lease>>(
        local, local->worker, local->buffers, std::move(attempt.lease), std::move(surplus), options.tunnel_idle);
    return response;
  }
  const auto told = attempt.head->content_length;
  Connection& connection = *attempt.lease;
  const auto size = connection.remaining();
  const auto first = connection.try_next();
  if (!first && first.error().kind != ErrorKind::kWouldBlock) return refusal(first.error());
  const bool with_trailers = proxy::accepts_trailers(request.headers());
  if (!connection.is_complete() || (with_trailers && connection.has_trailers())) {
    using Source = proxy::ProxiedBody<tcp::TcpStream>;
    response.body = http::Body(std::make_unique<Source>(local, local->pool, std::move(attempt.lease), size, first,
                                                         with_trailers));
    return response;
  }
  if (method == Method::kHead) {
    response.body = http::Body(std::make_unique<UnsentBody>(told));
  } else {
    response.body = std::string(*first);
  }
  if (connection.finish()) local->pool.put(std::move(attempt.lease));
  return response;
}

Task<Response> ReverseProxy::Upstream::answer(std::shared_ptr<const Upstream> upstream, Request& request) {
  const std::shared_ptr<Local> local = upstream->local(Worker::current());
  runtime::Cancellation& client = request.cancellation();
  for (bool repeated = false;; repeated = true) {
    Attempt attempt;
    const bool repeatable = is_idempotent(request.method()) && !request.has_content();
    if (!repeated) {
      attempt.lease = local->pool.take(repeatable ? Pool::Look::kIfStale : Pool::Look::kAlways);
    }
    if (!attempt.lease) {
      auto opened = co_await upstream->open(*local, attempt, client);
      if (!opened) co_return refusal(opened.error());
    }
    auto asked = co_await upstream->ask(*local, attempt, request);
    if (asked) co_return upstream->give(local, std::move(attempt), request);
    const bool was_closed =
        attempt.lease.is_reused() && !attempt.lease->answer_begun() && asked.error().kind != ErrorKind::kTimeout;
    if (!was_closed || repeated || attempt.sent_content || !repeatable || client.is_cancelled())
      co_return refusal(asked.error());
  }
}

ReverseProxy::ReverseProxy(net::Endpoint server, ProxyOptions options)
    : upstream_(std::make_shared<const Upstream>(std::move(server), std::move(options))) {}

http::Reply ReverseProxy::operator()(Request& request) const {
  if (proxy::is_loop(request.headers(), upstream_->options.forward.instance))
    return http::error_response(Status::kBadGateway, Reason::kLoop);
  if (proxy::max_forwards(request) == 0U) return http::no_content();  // RFC 9110 §7.6.2
  return Upstream::answer(upstream_, request);
}

}  // namespace flare::handlers
