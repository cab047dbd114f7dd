#include "flare/handlers/access/forward_auth.h"

#include <chrono>
#include <cstddef>
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
using runtime::Worker;

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

/// Gives up a connection that is not done in time.
template <class Connection>
class Patience final : private runtime::TimerEntry {
 public:
  Patience(Worker& worker, Connection& with) noexcept : with_(with) {
    worker.timers().schedule(*this, worker.now() + std::chrono::seconds(1));
  }

 private:
  void on_timer() override { with_.cancel(); }
  Connection& with_;
};

constexpr std::size_t kMostLeft = 65536;

template <class Stream>
Task<void> read_rest(Worker& worker, typename WorkerUpstream<Stream>::Borrowed from) {
  const Patience patience(worker, *from);
  for (std::size_t seen = 0; !from->is_complete() && seen <= kMostLeft;) {
    const auto piece = co_await from->next();
    if (!piece) co_return;
    seen += piece->size();
  }
  if (from->is_complete()) from.give_back();
}

/// The answer's content is nobody's: read to its end where that is near, so that the connection can be used again. The
/// request does not wait for that.
template <class Stream>
void leave(proxy::Answered<Stream> answered) {
  auto& from = answered.from;
  while (!from->is_complete()) {
    const auto piece = from->try_next();
    if (piece) continue;
    if (piece.error().kind != ErrorKind::kWouldBlock || from->remaining().value_or(0) > kMostLeft) return;
    Worker& worker = from.place.upstream().worker;
    return worker.spawn(read_rest<Stream>(worker, std::move(from)));
  }
  from.give_back();
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
  out.append("GET ", options.path, " HTTP/1.1\r\n");
  proxy::append_host(out, request, options.forward, server);
  proxy::append_end_to_end_fields(out, request, options.forward);
  out.append("X-Forwarded-Method: ", request.method_token(), "\r\nX-Forwarded-Uri: ");
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
  const auto upstream = WorkerUpstream<Stream>::of(shared->pool, Worker::current());
  proxy::Question question{.method = http::Method::kGet,
                           .at_hand = {},
                           .upgrade = {},
                           .client = request.cancellation(),
                           .limits = &shared->pool->options().limits,
                           .retry = &shared->pool->options().retry};
  proxy::Asking<Stream> asking(shared->pool, *upstream, question);
  const auto make_head = [&](io::Buffer& out, std::string_view server) { shared->append_head(out, request, server); };
  auto answered = co_await asking.ask(make_head);
  const UpstreamServer* const asked = answered ? &answered->from.place.server() : asking.asked();
  if (asked != nullptr) request.set_upstream(asked->address, question.attempts);
  if (!answered) co_return proxy::refusal(answered.error(), false);
  const http::ResponseHead& head = *answered->head;
  if (!is_success(head.status)) {
    Response refusal =
        is_verdict(head.status) ? refused(head) : http::error_response(Status::kBadGateway, Reason::kAuthAnswer);
    leave<Stream>(std::move(*answered));
    co_return refusal;
  }
  shared->copy_fields(head, request);
  leave<Stream>(std::move(*answered));
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
