#include "flare/handlers/reverse_proxy.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "flare/handlers/proxy/ask.h"
#include "flare/handlers/proxy/proxied_body.h"
#include "flare/handlers/proxy/refusal.h"
#include "flare/handlers/proxy/spooled_content.h"
#include "flare/handlers/proxy/tunnel.h"
#include "flare/http/pairs.h"

namespace flare::handlers {
namespace {

using http::Method;
using http::Request;
using http::Response;
using http::Status;
using proxy::Answered;
using proxy::Question;
using proxy::RequestContent;
using runtime::Task;
using runtime::Worker;

/// What a HEAD would have got as a GET: its size is told, nothing of it is sent.
struct UnsentBody final : http::BodySource {
  explicit UnsentBody(std::optional<std::uint64_t> of) noexcept : size_told(of) {}
  Task<Result<std::string_view>> next() override { co_return std::string_view(); }
  [[nodiscard]] std::optional<std::uint64_t> size() const noexcept override { return size_told; }
  std::optional<std::uint64_t> size_told;
};

std::shared_ptr<UpstreamPool> pool_of(const net::Endpoint& server) {
  UpstreamOptions options;
  options.servers.push_back({.address = server.to_string()});
  return std::make_shared<UpstreamPool>(std::move(options));
}

http::ClientLimits limits_of(http::ClientLimits limits, const ProxyOptions& options) {
  limits.first_byte = options.first_byte.value_or(limits.first_byte);
  limits.body_idle = options.idle.value_or(limits.body_idle);
  limits.write_idle = options.idle.value_or(limits.write_idle);
  return limits;
}

RequestContent framing_of(const Question& question) noexcept {
  if (question.content != nullptr) return question.chunked ? RequestContent::kChunked : RequestContent::kLength;
  return question.at_hand.empty() ? RequestContent::kNone : RequestContent::kLength;
}

}  // namespace

struct ReverseProxy::Shared {
  Shared(std::shared_ptr<UpstreamPool> of, ProxyOptions chosen)
      : pool(std::move(of)),
        options(std::move(chosen)),
        limits(limits_of(pool->options().limits, options)),
        retry(options.retry.value_or(pool->options().retry)),
        tunnel_idle(options.tunnel_idle.value_or(pool->options().tunnel_idle)) {}

  template <class Stream>
  static Task<Response> answer(std::shared_ptr<const Shared> shared, Request& request);
  template <class Stream>
  Response give(Answered<Stream> answered, const Request& request) const;
  template <class Stream>
  Response take_over(Answered<Stream> answered, Response response) const;
  void stick(const Question& question, Response& response) const;
  static RetryBudget* budget_of(const std::shared_ptr<const Shared>& shared, Worker& worker);

  std::shared_ptr<UpstreamPool> pool;
  ProxyOptions options;
  http::ClientLimits limits;
  RetryOptions retry;
  std::chrono::milliseconds tunnel_idle;
};

template <class Stream>
Task<Response> ReverseProxy::Shared::answer(std::shared_ptr<const Shared> shared, Request& request) {
  using Upstream = WorkerUpstream<Stream>;
  const UpstreamOptions& options = shared->pool->options();
  const std::shared_ptr<Upstream> upstream = Upstream::of(shared->pool, Worker::current());
  Question question{.method = request.method(),
                    .at_hand = request.body(),
                    .content = request.has_content() ? request.content_source() : nullptr,
                    .chunked = request.head().framing == http::Framing::kChunked,
                    .upgrade = proxy::wanted_upgrade(request),
                    .interim = request.exchange(),
                    .client = request.cancellation(),
                    .limits = &shared->limits,
                    .retry = &shared->retry,
                    .budget = budget_of(shared, upstream->worker)};
  std::uint64_t length = question.content != nullptr ? request.head().content_length : question.at_hand.size();
  if (options.balance.policy == Balance::kHash) question.hash = options.hash.hash(request);
  if (options.sticky) {
    const auto cookie = http::cookie_value(request.header("Cookie").value_or(""), options.sticky->cookie);
    if (cookie) question.preferred = upstream->find_server(*shared->pool, *cookie);
  }
  std::optional<proxy::SpooledContent> spooled;
  if (question.content != nullptr && shared->options.buffer != 0) {
    spooled.emplace(*question.content);
    const auto whole = co_await spooled->spool(shared->options.buffer);
    if (!whole) co_return proxy::refusal(whole.error(), shared->options.proxy_status);
    question.content = *whole ? nullptr : &*spooled;
    if (*whole) question.at_hand = spooled->bytes();
    if (*whole) length = question.at_hand.size();
  }
  proxy::Asking<Stream> asking(shared->pool, *upstream, question);
  const auto make_head = [&](io::Buffer& out, std::string_view server) {
    proxy::append_request_head(out, request, shared->options.forward, server, question.upgrade, framing_of(question),
                               length);
  };
  auto answered = co_await asking.ask(make_head);
  if (question.asked != nullptr) request.set_upstream(question.asked->address, question.attempts);
  if (!answered) co_return proxy::refusal(answered.error(), shared->options.proxy_status);
  Response response = shared->give<Stream>(std::move(*answered), request);
  if (options.sticky) shared->stick(question, response);
  co_return response;
}

template <class Stream>
Response ReverseProxy::Shared::give(Answered<Stream> answered, const Request& request) const {
  Response response = proxy::forward_response(*answered.head);
  if (response.status == Status::kSwitchingProtocols)
    return take_over<Stream>(std::move(answered), std::move(response));
  const auto told = answered.head->content_length;
  auto& connection = *answered.from;
  const auto size = connection.remaining();
  const auto first = connection.try_next();
  if (!first && first.error().kind != ErrorKind::kWouldBlock) {
    answered.from.place.failed();
    return proxy::refusal(first.error(), options.proxy_status);
  }
  const bool with_trailers = proxy::accepts_trailers(request.headers());
  if (!connection.is_complete() || (with_trailers && connection.has_trailers())) {
    response.body =
        http::Body(std::make_unique<proxy::ProxiedBody<Stream>>(std::move(answered.from), size, first, with_trailers));
    return response;
  }
  if (request.method() == Method::kHead) {
    response.body = http::Body(std::make_unique<UnsentBody>(told));
  } else {
    response.body = std::string(*first);
  }
  answered.from.give_back();
  return response;
}

template <class Stream>
Response ReverseProxy::Shared::take_over(Answered<Stream> answered, Response response) const {
  response.headers.set("Upgrade", *http::Fields(answered.head->fields).get("Upgrade"));
  std::string surplus(answered.from->surplus());
  static_cast<void>(answered.from->finish());
  auto& upstream = answered.from.place.upstream();
  response.takeover = std::make_unique<proxy::Tunnel<typename WorkerUpstream<Stream>::Borrowed>>(
      upstream.worker, upstream.buffers, std::move(answered.from), std::move(surplus), tunnel_idle);
  return response;
}

/// The client is told whom it was at, where it did not know (P-20).
void ReverseProxy::Shared::stick(const Question& question, Response& response) const {
  if (question.asked == nullptr || question.asked == question.preferred) return;
  const StickyOptions& sticky = *pool->options().sticky;
  std::string cookie = sticky.cookie + "=" + pool->cookie_for(*question.asked) + "; Path=/";
  if (sticky.ttl.count() != 0) cookie += "; Max-Age=" + std::to_string(sticky.ttl.count());
  if (sticky.secure) cookie += "; Secure";
  response.headers.append("Set-Cookie", cookie + "; HttpOnly; SameSite=Lax");
}

/// Where a route has retry options of its own they have a budget of their own, too; nullptr: the pool's.
RetryBudget* ReverseProxy::Shared::budget_of(const std::shared_ptr<const Shared>& shared, Worker& worker) {
  struct Own final : runtime::WorkerLocal {
    explicit Own(const std::shared_ptr<const Shared>& of) noexcept : budget(of->retry.budget), shared(of) {}
    [[nodiscard]] bool is_expired() const noexcept override { return shared.expired(); }
    RetryBudget budget;
    std::weak_ptr<const Shared> shared;
  };
  if (!shared->options.retry) return nullptr;
  const auto* local = worker.find_local(shared.get());
  if (local == nullptr) local = &worker.keep_local(shared.get(), std::make_shared<Own>(shared));
  return &static_cast<Own&>(**local).budget;
}

ReverseProxy::ReverseProxy(std::shared_ptr<UpstreamPool> pool, ProxyOptions options)
    : shared_(std::make_shared<const Shared>(std::move(pool), std::move(options))) {}
ReverseProxy::ReverseProxy(const net::Endpoint& server, ProxyOptions options)
    : ReverseProxy(pool_of(server), std::move(options)) {}

http::Reply ReverseProxy::operator()(Request& request) const {
  if (proxy::is_loop(request.headers(), shared_->options.forward.instance)) {
    return proxy::refusal({.kind = ErrorKind::kProtocol, .source = ErrorSource::kUpstream, .reason = Reason::kLoop},
                          shared_->options.proxy_status);
  }
  if (proxy::max_forwards(request) == 0U) return http::no_content();  // RFC 9110 §7.6.2
  if (shared_->pool->options().tls) return Shared::answer<tls::TlsStream>(shared_, request);
  return Shared::answer<tcp::TcpStream>(shared_, request);
}

}  // namespace flare::handlers
