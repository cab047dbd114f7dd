#include "flare/handlers/reverse_proxy.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "flare/handlers/proxy/ask.h"
#include "flare/handlers/proxy/forwarded_content.h"
#include "flare/handlers/proxy/held_back.h"
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

/// Content that is empty says so where it could be expected (RFC 9110 §8.6): some servers insist.
RequestContent framing_of(const Request& request, const Question& question) noexcept {
  if (question.content != nullptr) return question.chunked ? RequestContent::kChunked : RequestContent::kLength;
  const bool expected = request.method() == Method::kPost || request.method() == Method::kPut ||
                        request.method() == Method::kPatch || request.head().framing != http::Framing::kNone;
  return expected || !question.at_hand.empty() ? RequestContent::kLength : RequestContent::kNone;
}

void set_cookie(Response& response, const std::string& cookie) {
  if (!cookie.empty()) response.headers.append("Set-Cookie", cookie);
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
  // Rare: drawn into answer()'s frame it would be most of that.
  template <class Stream>
  [[gnu::noinline]] Task<Response> give_when_whole(Answered<Stream> answered, runtime::Cancellation& client) const;
  template <class Stream>
  void take_over(Answered<Stream> answered, Response& response) const;
  static RetryBudget* budget_of(const std::shared_ptr<const Shared>& shared, Worker& worker);
  [[nodiscard]] std::string cookie_for(const UpstreamServer& server) const;

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
                    .chunked = request.head().framing == http::Framing::kChunked,
                    .upgrade = proxy::wanted_upgrade(request),
                    .interim = request.exchange(),
                    .client = request.cancellation(),
                    .limits = &shared->limits,
                    .retry = &shared->retry,
                    .budget = budget_of(shared, upstream->worker)};
  std::uint64_t length = question.at_hand.size();
  if (request.has_content() && request.content_source() != nullptr) {
    length = request.head().content_length;
    question.content = std::make_unique<proxy::ForwardedContent>(
        request, std::shared_ptr<const proxy::ForwardOptions>(shared, &shared->options.forward));
  }
  if (options.balance.policy == Balance::kHash) question.hash = options.hash.hash(request);
  if (options.sticky) {
    const auto cookie = http::cookie_value(request.header("Cookie").value_or(""), options.sticky->cookie);
    if (cookie) question.preferred = upstream->find_server(*shared->pool, *cookie);
  }
  std::unique_ptr<proxy::SpooledContent> spooled;
  if (question.content != nullptr && shared->options.buffer != 0) {
    spooled = std::make_unique<proxy::SpooledContent>(std::move(question.content));
    const auto whole = co_await spooled->spool(shared->options.buffer);
    if (!whole) co_return proxy::refusal(whole.error(), shared->options.proxy_status);
    if (*whole) {
      question.at_hand = spooled->bytes();
      length = question.at_hand.size();
    } else {
      question.content = std::move(spooled);
    }
  }
  proxy::Asking<Stream> asking(shared->pool, *upstream, question);
  const auto make_head = [&](io::Buffer& out, std::string_view server) {
    proxy::append_request_head(out, request, shared->options.forward, server, question.upgrade,
                               framing_of(request, question), length);
  };
  auto answered = co_await asking.ask(make_head);
  const UpstreamServer* const asked = answered ? &answered->from.place.server() : asking.asked();
  if (asked != nullptr) request.set_upstream(asked->address, question.attempts);
  if (!answered) co_return proxy::refusal(answered.error(), shared->options.proxy_status);
  // Now: once the answer is given the place may be left, and the server be no more.
  std::string cookie;
  if (options.sticky && asked != question.preferred) cookie = shared->cookie_for(*asked);
  const bool busy = answered->upload && answered->upload->is_running();
  if (!busy && proxy::is_held_back(*answered->head)) {
    Response response = co_await shared->give_when_whole<Stream>(std::move(*answered), request.cancellation());
    set_cookie(response, cookie);
    co_return response;
  }
  Response response = shared->give<Stream>(std::move(*answered), request);
  set_cookie(response, cookie);
  co_return response;
}

template <class Stream>
Response ReverseProxy::Shared::give(Answered<Stream> answered, const Request& request) const {
  Response response = proxy::forward_response(*answered.head);  // every return names it: it is never moved
  if (response.status == Status::kSwitchingProtocols) {
    take_over<Stream>(std::move(answered), response);
    return response;
  }
  const auto told = answered.head->content_length;
  auto& connection = *answered.from;
  const auto size = connection.remaining();
  const auto first = connection.try_next();
  if (!first && first.error().kind != ErrorKind::kWouldBlock) {
    answered.from.place.failed();
    response = proxy::refusal(first.error(), options.proxy_status);
    return response;
  }
  const bool with_trailers = proxy::accepts_trailers(request.headers());
  if (!connection.is_complete() || (with_trailers && connection.has_trailers())) {
    response.body =
        http::Body(std::make_unique<proxy::ProxiedBody<Stream>>(std::move(answered), size, first, with_trailers));
    return response;
  }
  answered.upload.reset();
  if (request.method() == Method::kHead) {
    response.body = http::Body(std::make_unique<UnsentBody>(told));
  } else {
    response.body = std::string(*first);
  }
  answered.from.give_back();
  return response;
}

template <class Stream>
Task<Response> ReverseProxy::Shared::give_when_whole(Answered<Stream> answered, runtime::Cancellation& client) const {
  Response response = proxy::forward_response(*answered.head);
  std::string held;
  const auto whole = co_await proxy::hold_back<Stream>(answered.from, client, held);
  if (!whole) {
    if (whole.error().kind != ErrorKind::kCancelled) answered.from.place.failed();
    co_return proxy::refusal(whole.error(), options.proxy_status);
  }
  if (*whole) {
    response.body = std::move(held);
  } else {
    response.body = http::Body(std::make_unique<proxy::ProxiedBody<Stream>>(std::move(answered), std::move(held)));
  }
  co_return response;
}

template <class Stream>
void ReverseProxy::Shared::take_over(Answered<Stream> answered, Response& response) const {
  response.headers.set("Upgrade", *http::Fields(answered.head->fields).get("Upgrade"));
  std::string surplus(answered.from->surplus());
  static_cast<void>(answered.from->finish());
  auto& upstream = answered.from.place.upstream();
  response.takeover = std::make_unique<proxy::Tunnel<typename WorkerUpstream<Stream>::Borrowed>>(
      upstream.worker, upstream.buffers, std::move(answered.from), std::move(surplus), tunnel_idle);
}

/// By which the client is told whom it was at, where it did not know (P-20).
std::string ReverseProxy::Shared::cookie_for(const UpstreamServer& server) const {
  const StickyOptions& sticky = *pool->options().sticky;
  std::string cookie = sticky.cookie + "=" + pool->cookie_for(server) + "; Path=/";
  if (sticky.ttl.count() != 0) cookie += "; Max-Age=" + std::to_string(sticky.ttl.count());
  if (sticky.secure) cookie += "; Secure";
  return cookie + "; HttpOnly; SameSite=Lax";
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
