#include "flare/handlers/reverse_proxy.h"

#include <optional>
#include <unordered_map>
#include <utility>

#include "flare/handlers/proxy/forward_response.h"
#include "flare/handlers/proxy/proxied_body.h"
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

constexpr std::size_t kLargestInOnePiece = 64 * 1024;  ///< content that has come with its head is sent with it
constexpr std::size_t kUsualHead = 2048;

/// What one worker has of one upstream.
struct Local {
  Local(Worker& of, const ProxyOptions& options)
      : worker(of), buffers(options.limits.head.header_bytes), pool(of, options.keepalive), head(kUsualHead) {}
  Worker& worker;
  io::BufferPool buffers;
  Pool pool;
  io::Buffer head;  ///< of requests, between two waits
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
  const Status status = error.kind == ErrorKind::kTimeout ? Status::kGatewayTimeout : Status::kBadGateway;  // P-9
  return http::error_response(status, error.reason == Reason::kNone ? Reason::kUpstreamConnect : error.reason);
}

/// Gives up the upstream request when the client leaves (P-11).
struct CancelExchange final : runtime::Cancellation::Listener {
  CancelExchange(runtime::Cancellation& client, Connection& of) noexcept : Listener(client), connection(of) {}
  void on_cancel() override { connection.cancel(); }
  Connection& connection;
};

}  // namespace

struct ReverseProxy::Upstream : std::enable_shared_from_this<Upstream> {
  Upstream(net::Endpoint where, ProxyOptions chosen)
      : server(std::move(where)), name(server.to_string()), options(std::move(chosen)) {}

  Local& local(Worker& worker) const;
  static Task<Response> answer(std::shared_ptr<const Upstream> upstream, Request& request);

  net::Endpoint server;
  std::string name;
  ProxyOptions options;

 private:
  struct Attempt {
    Pool::Lease lease;
    const http::ResponseHead* head = nullptr;
    bool sent_content = false;
  };
  Task<Result<void>> open(Local& local, Attempt& attempt, runtime::Cancellation& client) const;
  Task<Result<void>> ask(Local& local, Attempt& attempt, Request& request) const;
  Response give(Local& local, Attempt attempt) const;
};

Local& ReverseProxy::Upstream::local(Worker& worker) const {
  struct Held {
    std::weak_ptr<const Upstream> owner;
    std::unique_ptr<Local> local;
  };
  thread_local std::unordered_map<const Upstream*, Held> all;
  const auto found = all.find(this);
  if (found != all.end() && !found->second.owner.expired() && &found->second.local->worker == &worker) [[likely]]
    return *found->second.local;
  std::erase_if(all, [this](const auto& item) { return item.first == this || item.second.owner.expired(); });
  return *all.emplace(this, Held{weak_from_this(), std::make_unique<Local>(worker, options)}).first->second.local;
}

/// A connection that lay idle, or a new one.
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
  const bool chunked = request.head().framing == http::Framing::kChunked;
  const bool has_content = request.has_content();
  local.head.clear();
  proxy::append_request_head(local.head, request, options.forward, name,
                             !has_content ? proxy::RequestContent::kNone
                             : chunked    ? proxy::RequestContent::kChunked
                                          : proxy::RequestContent::kLength,
                             request.head().content_length);
  const io::Pieces head(local.head.view());
  auto sent = co_await connection.send(head);
  if (sent && has_content) {
    attempt.sent_content = true;
    http::ContentSource& content = *request.content_source();
    sent = co_await connection.send_content(content, chunked ? BodyFraming::kChunked : BodyFraming::kLength);
    if (!sent && sent.error().source != ErrorSource::kUpstream) co_return sent;
  }
  for (;;) {
    auto received = co_await connection.receive_head();
    if (!received) co_return std::unexpected(received.error());
    attempt.head = *received;
    if (!attempt.head->is_interim()) co_return Result<void>();
  }
}

Response ReverseProxy::Upstream::give(Local& local, Attempt attempt) const {
  Response response = proxy::forward_response(*attempt.head);
  Connection& connection = *attempt.lease;
  if (attempt.head->framing != BodyFraming::kNone) {
    const auto left = connection.remaining();
    if (left && *left <= kLargestInOnePiece) {
      if (const auto piece = connection.try_next(); piece && piece->size() == *left)
        response.body = std::string(*piece);
    }
  }
  if (connection.is_complete()) {
    if (connection.finish()) local.pool.put(std::move(attempt.lease));
    return response;
  }
  response.body =
      std::make_unique<proxy::ProxiedBody<tcp::TcpStream>>(shared_from_this(), local.pool, std::move(attempt.lease));
  return response;
}

Task<Response> ReverseProxy::Upstream::answer(std::shared_ptr<const Upstream> upstream, Request& request) {
  Local& local = upstream->local(Worker::current());
  for (bool repeated = false;; repeated = true) {
    Attempt attempt;
    const bool repeatable = is_idempotent(request.method()) && !request.has_content();
    if (!repeated) {
      attempt.lease = local.pool.take(repeatable ? Pool::Look::kIfStale : Pool::Look::kAlways);
    }
    if (!attempt.lease) {
      auto opened = co_await upstream->open(local, attempt, request.cancellation());
      if (!opened) co_return refusal(opened.error());
    }
    auto asked = co_await upstream->ask(local, attempt, request);
    if (asked) co_return upstream->give(local, std::move(attempt));
    const bool was_closed =
        attempt.lease.is_reused() && !attempt.lease->answer_begun() && asked.error().kind != ErrorKind::kTimeout;
    if (!was_closed || repeated || attempt.sent_content || !repeatable || request.cancellation().is_cancelled())
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
