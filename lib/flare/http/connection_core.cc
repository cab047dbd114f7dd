#include "flare/http/connection_core.h"

#include <exception>

#include "flare/http/error_page.h"
#include "flare/http/forwarded.h"
#include "flare/tls/server_context.h"

namespace flare::http {
namespace {

constexpr int kRequestsPerTurn = 64;  // H-18: then what there is gets sent
constexpr std::size_t kOutputPerTurn = 48 * 1024;
constexpr std::size_t kLargestCopiedBody = 16 * 1024;  // above this a write of its own is cheaper than the copy
constexpr std::uint64_t kDiscardable = 64 * 1024;      // H-16: skipping this much is cheaper than a new connection

}  // namespace

bool sends_body(const Request& request, const Response& response) noexcept {
  return request.method() != Method::kHead && !has_no_body(response.status);
}

bool fits_turn(const Request& request, const Response& response) noexcept {
  if (response.takeover) return false;
  if (!sends_body(request, response)) return true;
  return response.body.is_in_memory() && response.body.bytes().size() <= kLargestCopiedBody;
}

std::expected<void, Reason> Deferred::read_trailers() {
  constexpr std::size_t kEmpty = 2;  // its last line
  if (trailer_section.size() <= kEmpty || !trailers.empty()) return {};
  return parse_trailers(trailer_section, trailers);
}

ConnectionCore::Progress ConnectionCore::serve(std::string_view input, Exchange& exchange) {
  context_.refresh_date();
  std::size_t consumed = 0;
  for (int answered = 0; answered < kRequestsPerTurn && context_.output().size() < kOutputPerTurn; ++answered) {
    if (is_discarding()) {
      const auto skipped = discard(input.substr(consumed));
      if (!skipped) return {consumed, Next::kClose};  // the answer is out already: nothing can be said any more
      consumed += *skipped;
      if (is_discarding()) return {consumed, Next::kRead};
    }
    const std::string_view rest = input.substr(consumed);
    if (rest.empty()) return {consumed, Next::kRead};
    const auto head = context_.request().parse(rest, context_.limits());
    if ((!head || *head == 0) && is_tls_hello(rest)) [[unlikely]] {
      context_.tell_refused(peer_, Reason::kTlsOnPlainPort);
      return {input.size(), Next::kClose};
    }
    if (!head) {
      refuse(rest, head.error());
      return {input.size(), Next::kCloseLingering};
    }
    if (*head == 0) return {consumed, Next::kRead};
    consumed += *head;
    const Next next = answer(rest.substr(0, *head), rest.substr(*head), exchange);
    if (next != Next::kMore) return {consumed, next};
  }
  return {consumed, Next::kMore};
}

Next ConnectionCore::answer(std::string_view head, std::string_view rest, Exchange& exchange) {
  Request& request = context_.request();
  context_.worker().counters().requests.add();
  ++requests_;
  const auto started = now_if_recorded();
  if (request.has_content()) content_ = ContentReader(request.head(), request.limits());
  request.set_peer(peer_, tls_ != nullptr);
  request.set_tls(tls_);
  request.set_arrival(context_.worker().now());
  if (source_ || trusted_) [[unlikely]]
    name_client(request);
  request.set_exchange(&exchange);
  const Reason misdirection = misdirected(request);
  Reply reply =
      misdirection == Reason::kNone ? call_handler(request) : error_response(Status::kMisdirectedRequest, misdirection);
  Response* const response = reply.now();
  if (response != nullptr && fits_turn(request, *response))
    return send_now(request, *response, rest, started, head.size());

  const Limits& limits = request.limits();
  deferred_ = std::make_unique<Deferred>(Deferred{.request = context_.take_request(),
                                                  .started = started,
                                                  .pace = TransferPace(limits.min_rate, limits.body_idle),
                                                  .trailer_section = {},
                                                  .trailers = {},
                                                  .reply = std::move(reply)});
  deferred_->request->keep_head(head);
  return Next::kDeferred;
}

void ConnectionCore::name_client(Request& request) const noexcept {
  request.set_sender(source_.value_or(request.client()), trusted_);
  if (!trusted_) return;
  request.set_client(forwarded_client(request.headers(), request.client(), context_.trust().trusted_proxies));
  if (const std::string_view scheme = forwarded_scheme(request.headers()); !scheme.empty()) request.set_scheme(scheme);
}

Reason ConnectionCore::misdirected(const Request& request) const {
  if (request.head().form == TargetForm::kAbsolute) [[unlikely]] {  // which may name a scheme not served here
    if (request.head().secure_scheme != (request.scheme() == "https")) return Reason::kSchemeMismatch;
  }
  if (tls_ == nullptr || tls_->context() == nullptr) return Reason::kNone;
  std::string scratch;
  const bool covered = tls_->context()->covers(*tls_, normalize_host(request.authority(), scratch));
  return covered ? Reason::kNone : Reason::kWrongServerName;  // H-37
}

bool ConnectionCore::is_tls_hello(std::string_view input) const noexcept {
  return tls_ == nullptr && requests_ == 0 && input.starts_with("\x16\x03");  // RFC 8446 §5.1
}

Reply ConnectionCore::call_handler(Request& request) {
  try {
    return context_.handler()(request);
  } catch (const std::exception& exception) {
    return handler_failed(request, exception);
  }
}

Response ConnectionCore::handler_failed(const Request& request, const std::exception& exception) {
  if (context_.recorder() != nullptr) context_.recorder()->failure(request, exception.what());
  return error_response(Status::kInternalServerError, Reason::kHandlerFailed);
}

void ConnectionCore::append_head(const Request& request, const Response& response, bool keep_alive,
                                 io::Buffer& out) const {
  append_response_head(
      out, response,
      {.common_fields = context_.common_fields(),
       .ok_head = context_.ok_head(),
       .keep_alive = keep_alive,
       .minor_version = request.head().minor_version,
       .keep_alive_for = std::chrono::duration_cast<std::chrono::seconds>(context_.limits().keepalive_idle)});
}

Next ConnectionCore::send_now(const Request& request, Response& response, std::string_view rest,
                              std::chrono::steady_clock::time_point started, std::size_t bytes_in) {
  if (response.error_page) render_error_page(response, request);
  const bool keep_alive = persists(request, response, rest);
  io::Buffer& out = context_.output();
  const std::size_t before = out.size();
  append_head(request, response, keep_alive, out);
  if (sends_body(request, response)) out.append(response.body.bytes());
  record(request, response, bytes_in, out.size() - before, response.why, started);
  return after(request, keep_alive, rest);
}

/// Closing on input that nobody has read resets the connection, and the client may lose its answer (RFC 9112 §9.6): on
/// content still coming, on a pipeline that goes on behind the last request served, on a request that is on its way
/// because its client does not know yet.
Next ConnectionCore::after(const Request& request, bool keep_alive, std::string_view rest) const noexcept {
  if (keep_alive) return Next::kMore;
  const bool expected = !request.head().keep_alive && rest.empty() && !is_discarding();
  return expected ? Next::kClose : Next::kCloseLingering;
}

bool ConnectionCore::persists(const Request& request, const Response& response, std::string_view rest) const noexcept {
  const RequestHead& head = request.head();
  if (!head.keep_alive || response.close || context_.worker().is_draining()) return false;
  if (requests_ >= context_.limits().keepalive_requests) return false;
  if (context_.worker().now() - born_ > context_.limits().keepalive_age) return false;
  if (framing_of(response, head.minor_version) == BodyFraming::kUntilClose) return false;
  if (content_.done()) return true;
  // RFC 9110 §10.1.1: a client that was not told to continue may or may not send its content; only closing is
  // unambiguous.
  if (head.expect_continue && rest.empty()) return false;
  if (const auto remaining = content_.remaining()) return *remaining <= kDiscardable;
  ContentReader ahead = content_;  // chunks: only when they are here already is their end known
  while (!ahead.done() && !rest.empty()) {
    const auto step = ahead.step(rest);
    if (!step || step->consumed == 0) return false;
    rest.remove_prefix(step->consumed);
  }
  return ahead.done();
}

std::expected<std::size_t, Reason> ConnectionCore::discard(std::string_view input) noexcept {
  std::size_t consumed = 0;
  while (!content_.done()) {
    const auto step = content_.step(input.substr(consumed));
    if (!step) return std::unexpected(step.error());
    if (step->consumed == 0 && !content_.done()) break;
    consumed += step->consumed;
  }
  return consumed;
}

Response& ConnectionCore::deferred_response() {
  Reply& reply = deferred_->reply;
  if (auto* const later = reply.later()) {
    try {
      return later->result();
    } catch (const std::exception& exception) {
      reply = handler_failed(*deferred_->request, exception);
    }
  }
  return *reply.now();
}

Response& ConnectionCore::detach_response() {
  Response response = std::move(deferred_response());
  deferred_->reply = std::move(response);
  return *deferred_->reply.now();
}

Next ConnectionCore::begin_deferred_answer(Response& response, std::string_view rest, io::Buffer& out) {
  const Request& request = *deferred_->request;
  if (response.error_page) render_error_page(response, request);
  context_.refresh_date();
  if (response.takeover) {
    append_head(request, response, true, out);
    return Next::kTakeOver;
  }
  const bool keep_alive = persists(request, response, rest);
  append_head(request, response, keep_alive, out);
  return after(request, keep_alive, rest);
}

void ConnectionCore::end_deferred(const Response& response, std::uint64_t bytes_out, Reason why) {
  const std::uint64_t bytes_in = deferred_->request->kept_bytes() + deferred_->request->body().size();
  record(*deferred_->request, response, bytes_in, bytes_out, why, deferred_->started);
  std::unique_ptr<Request> request = std::move(deferred_->request);
  deferred_.reset();  // with the handler, while there is the request
  context_.give_request(std::move(request));
}

void ConnectionCore::refuse(std::string_view input, Reason why) {
  context_.worker().counters().requests.add();
  context_.refresh_date();
  Request& request = context_.request();
  static_cast<void>(request.parse(input, context_.limits()));  // for the log: as much of it as there is to know
  request.set_peer(peer_, tls_ != nullptr);
  request.set_tls(tls_);
  // No more than that: of a head that was not read to its end, the fields that a proxy appended may be missing.
  if (source_) request.set_client(*source_);
  Response response = error_response(status_for(why), why);
  // RFC 9110 §15.5.6: a 405 names what is allowed; here it is the method itself that no resource has.
  if (response.status == Status::kMethodNotAllowed) response.headers.set("Allow", "GET, HEAD, OPTIONS");
  if (response.status == Status::kServiceUnavailable || response.status == Status::kTooManyRequests)
    response.headers.set("Retry-After", "1");  // H-36
  render_error_page(response, request);
  io::Buffer& out = context_.output();
  const std::size_t before = out.size();
  append_head(request, response, false, out);
  if (request.method() != Method::kHead) out.append(response.body.bytes());
  record(request, response, 0, out.size() - before, why, now_if_recorded());
  content_ = {};
}

std::chrono::steady_clock::time_point ConnectionCore::now_if_recorded() const noexcept {
  return context_.transaction_recorder() != nullptr ? std::chrono::steady_clock::now()
                                                    : std::chrono::steady_clock::time_point();
}

void ConnectionCore::record(const Request& request, const Response& response, std::uint64_t bytes_in,
                            std::uint64_t bytes_out, Reason why,
                            std::chrono::steady_clock::time_point started) noexcept {
  Recorder* const recorder = context_.transaction_recorder();
  if (recorder == nullptr) return;
  const auto duration =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started);
  recorder->record({.request = request,
                    .status = response.status,
                    .why = why,
                    .bytes_out = bytes_out,
                    .bytes_in = bytes_in,
                    .duration = duration});
}

}  // namespace flare::http
