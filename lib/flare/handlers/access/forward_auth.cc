#include "flare/handlers/access/forward_auth.h"

#include <string_view>
#include <utility>

#include "flare/handlers/proxy/ask.h"
#include "flare/handlers/proxy/refusal.h"
#include "flare/http/response.h"
#include "flare/runtime/worker.h"

namespace flare::handlers {
namespace {

using http::Request;
using http::Response;
using http::Status;
using runtime::Task;

/// About the content and how it is wanted, which the question is not about; and what it says itself.
constexpr std::string_view kNotAsked[] = {
    "Content-Type",
    "Content-Encoding",
    "Content-Language",
    "Content-Location",
    "Content-Range",
    "Expect",
    "Range",
    "If-Range",
    "If-Match",
    "If-None-Match",
    "If-Modified-Since",
    "If-Unmodified-Since",
    "X-Forwarded-Method",
    "X-Forwarded-Uri",
};

bool is_success(Status status) noexcept { return http::code(status) / 100 == 2; }
bool is_verdict(Status status) noexcept { return status == Status::kUnauthorized || status == Status::kForbidden; }

/// The answer's content is nobody's: read to its end where that is near, so that the connection can be used again.
template <class Stream>
Task<void> leave(proxy::Answered<Stream> answered) {
  constexpr std::size_t kMost = 65536;
  std::size_t seen = 0;
  while (!answered.from->is_complete() && seen <= kMost) {
    const auto piece = co_await answered.from->next();
    if (!piece || piece->empty()) break;
    seen += piece->size();
  }
  if (answered.from->is_complete()) answered.from.give_back();
}

Response refused(const http::ResponseHead& head) {
  Response response = http::error_response(head.status, Reason::kAuthRefused);
  for (const http::Field& field : head.fields) {
    if (ascii::iequals(field.name, "WWW-Authenticate")) response.headers.append("WWW-Authenticate", field.value);
  }
  return response;
}

}  // namespace

struct ForwardAuth::Shared {
  Shared(std::shared_ptr<UpstreamPool> of, ForwardAuthOptions chosen, http::Handler next)
      : pool(std::move(of)), options(std::move(chosen)), handler(std::move(next)) {
    proxy::ForwardOptions& forward = options.forward;
    for (const std::string_view name : kNotAsked) forward.unset.emplace_back(name);
  }

  template <class Stream>
  static Task<Response> answer(std::shared_ptr<const Shared> shared, Request& request);
  void append_head(io::Buffer& out, const Request& request, std::string_view server) const;
  void copy_fields(const http::ResponseHead& head, Request& request) const;

  std::shared_ptr<UpstreamPool> pool;
  ForwardAuthOptions options;
  http::Handler handler;
};

void ForwardAuth::Shared::append_head(io::Buffer& out, const Request& request, std::string_view server) const {
  out.append("GET ");
  out.append(options.path);
  out.append(" HTTP/1.1\r\n");
  proxy::append_host(out, request, options.forward, server);
  proxy::append_end_to_end_fields(out, request, options.forward);
  out.append("X-Forwarded-Method: ");
  out.append(request.method_token());
  out.append("\r\nX-Forwarded-Uri: ");
  proxy::append_target(out, request, {});
  out.append("\r\n\r\n");
}

void ForwardAuth::Shared::copy_fields(const http::ResponseHead& head, Request& request) const {
  for (const std::string& name : options.copy) {
    for (const http::Field& field : head.fields) {
      if (ascii::iequals(field.name, name)) request.add_header(name, std::string(field.value));
    }
  }
}

template <class Stream>
Task<Response> ForwardAuth::Shared::answer(std::shared_ptr<const Shared> shared, Request& request) {
  for (const std::string& name : shared->options.copy) request.remove_header(name);
  const auto upstream = WorkerUpstream<Stream>::of(shared->pool, runtime::Worker::current());
  proxy::Question question{.method = http::Method::kGet,
                           .at_hand = {},
                           .upgrade = {},
                           .client = request.cancellation(),
                           .limits = &shared->pool->options().limits,
                           .retry = &shared->pool->options().retry};
  proxy::Asking<Stream> asking(shared->pool, *upstream, question);
  const auto make_head = [&](io::Buffer& out, std::string_view server) { shared->append_head(out, request, server); };
  auto answered = co_await asking.ask(make_head);
  if (question.asked != nullptr) request.set_upstream(question.asked->address, question.attempts);
  if (!answered) co_return proxy::refusal(answered.error(), false);
  const http::ResponseHead& head = *answered->head;
  if (!is_success(head.status)) {
    Response refusal =
        is_verdict(head.status) ? refused(head) : http::error_response(Status::kBadGateway, Reason::kAuthAnswer);
    co_await leave<Stream>(std::move(*answered));
    co_return refusal;
  }
  shared->copy_fields(head, request);
  co_await leave<Stream>(std::move(*answered));
  request.clear_upstream();
  http::Reply reply = shared->handler(request);
  if (Response* response = reply.now()) co_return std::move(*response);
  co_return co_await std::move(*reply.later());
}

ForwardAuth::ForwardAuth(std::shared_ptr<UpstreamPool> pool, ForwardAuthOptions options, http::Handler handler)
    : shared_(std::make_shared<const Shared>(std::move(pool), std::move(options), std::move(handler))) {}

http::Reply ForwardAuth::operator()(Request& request) const {
  // A question about a question: the server that is to decide is this one, and stands behind this itself.
  if (proxy::is_loop(request.headers(), shared_->options.forward.instance))
    return proxy::refusal({.kind = ErrorKind::kProtocol, .source = ErrorSource::kUpstream, .reason = Reason::kLoop},
                          false);
  if (shared_->pool->options().tls) return Shared::answer<tls::TlsStream>(shared_, request);
  return Shared::answer<tcp::TcpStream>(shared_, request);
}

}  // namespace flare::handlers
