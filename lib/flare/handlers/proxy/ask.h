// Asking a pool: one server after the other, as far as what failed may be repeated (RFC 9110 §9.2.2; P-11, P-12, P-15).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "flare/handlers/proxy/forward_request.h"
#include "flare/handlers/proxy/forward_response.h"
#include "flare/handlers/proxy/question.h"
#include "flare/handlers/proxy/upload.h"
#include "flare/handlers/upstream/open_stream.h"
#include "flare/handlers/upstream/worker_upstream.h"
#include "flare/http/exchange.h"
#include "flare/runtime/eventual.h"

namespace flare::handlers::proxy {

/// The head of an answer; the rest of it is still to be received.
template <class Stream>
struct Answered {
  typename WorkerUpstream<Stream>::Borrowed from;
  const http::ResponseHead* head = nullptr;  ///< from's
  /// The request's content is still on its way; ends before `from` does anything else.
  std::unique_ptr<Upload<typename WorkerUpstream<Stream>::Connection>> upload = nullptr;
};

/// Gives up the exchange when the client leaves (P-11).
template <class Connection>
struct CancelExchange final : runtime::Cancellation::Listener {
  CancelExchange(runtime::Cancellation& client, Connection& of) noexcept : Listener(client), connection(of) {}
  void on_cancel() override { connection.cancel(); }
  Connection& connection;
};

/// One question to a pool. Lives in the frame that asks.
template <class Stream>
class Asking {
  using Upstream = WorkerUpstream<Stream>;
  using Place = typename Upstream::Place;
  using Connection = typename Upstream::Connection;
  using Idle = typename Upstream::Idle;

 public:
  /// All outlive it. `make_head(io::Buffer&, std::string_view server)` appends the head for a server.
  Asking(const std::shared_ptr<UpstreamPool>& pool, Upstream& upstream, Question& question) noexcept
      : pool_(pool),
        upstream_(upstream),
        question_(question),
        budget_(question.budget != nullptr ? *question.budget : upstream.budget) {}
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;

  /// Errors: ErrorSource::kUpstream of the last server that was asked; what content gives; kNoUpstream, kUpstreamBusy,
  /// kUpstreamQueueTimeout, kUpstreamBreaker where none was.
  template <class MakeHead>
  runtime::Task<Result<Answered<Stream>>> ask(const MakeHead& make_head) {
    admission_ = pool_->admit(now());
    if (admission_ == Breaker::Admission::kNo) co_return fail(ErrorKind::kResource, Reason::kUpstreamBreaker);
    budget_.request();
    for (;;) {
      if (!place_) {
        auto found = co_await find_place();
        if (!found) co_return std::unexpected(question_.attempts == 0 ? found.error() : last_error_);
      }
      auto connected = co_await connect();
      if (!connected) {
        last_error_ = connected.error();
        if (!may_repeat_connect()) co_return std::unexpected(last_error_);
        continue;
      }
      const auto since = upstream_.worker.now();
      auto head = co_await ask_one(make_head);
      if (head) {
        place_.server().observe(now(), nanoseconds(upstream_.worker.now()) - nanoseconds(since));
        if (may_ask_another((*head)->status)) continue;
        pool_->succeeded(admission_, now());
        co_return Answered<Stream>{.from = {.place = std::move(place_), .lease = std::move(lease_)},
                                   .head = *head,
                                   .upload = std::move(upload_)};
      }
      last_error_ = head.error();
      if (!may_repeat()) co_return std::unexpected(last_error_);
    }
  }

  /// Whom the last attempt was at, while this lives; nullptr: there was none. For where ask() has failed.
  [[nodiscard]] const UpstreamServer* asked() const noexcept {
    if (question_.attempts == 0) return nullptr;
    return place_ ? &place_.server() : left_.back().get();
  }

 private:
  static constexpr std::size_t kMostTried = 8;

  [[nodiscard]] std::int64_t now() const noexcept { return nanoseconds(upstream_.worker.now()); }
  [[nodiscard]] PickRequest pick_request() const noexcept {
    return {.now = now(),
            .hash = question_.hash,
            .preferred = question_.preferred,
            .tried = std::span(tried_.data(), tried_count_)};
  }
  [[nodiscard]] bool is_repeatable() const noexcept {
    return question_.content == nullptr && !sent_content_ && !told_interim_ && is_idempotent(question_.method);
  }
  [[nodiscard]] bool has_tries_left() const noexcept {
    return tried_count_ < std::min<std::size_t>(question_.retry->max, kMostTried);
  }
  void leave_server() {
    left_.push_back(place_.served().member.server);  // the pool may drop it meanwhile
    tried_[tried_count_++] = &place_.server();
    lease_ = {};
    place_ = {};
    fresh_ = false;
  }

  runtime::Eventual<Result<void>> find_place() {
    NoServer why{};
    place_ = upstream_.take_place(pool_, pick_request(), why);
    if (place_) return Result<void>();
    if (why == NoServer::kNoneHealthy) return Result<void>(fail(ErrorKind::kUnreachable, Reason::kNoUpstream));
    return wait_for_place();
  }
  runtime::Task<Result<void>> wait_for_place() {
    auto waited = co_await upstream_.wait_for_place(pool_, pick_request(), question_.client);
    if (!waited) co_return std::unexpected(waited.error());
    place_ = std::move(*waited);
    co_return Result<void>();
  }

  runtime::Eventual<Result<void>> connect() {
    ++question_.attempts;
    if (!fresh_) lease_ = place_.served().idle.take(is_repeatable() ? Idle::Look::kIfStale : Idle::Look::kAlways);
    if (lease_) return Result<void>();
    return connect_anew();
  }
  runtime::Task<Result<void>> connect_anew() {
    auto stream = co_await open_stream(OfKind<Stream>(), upstream_.worker, place_.served().member, pool_->options(),
                                       &question_.client);
    if (!stream) co_return std::unexpected(stream.error());
    lease_ = Idle::Lease::make(upstream_.worker, upstream_.buffers, std::move(*stream));
    co_return Result<void>();
  }

  /// Sends the request and receives the head of its answer.
  template <class MakeHead>
  runtime::Task<Result<const http::ResponseHead*>> ask_one(const MakeHead& make_head) {
    co_await upstream_.worker.end_of_turn();
    if (question_.client.is_cancelled()) co_return fail(ErrorKind::kCancelled);
    Connection& connection = *lease_;
    const CancelExchange<Connection> listener(question_.client, connection);
    connection.begin(question_.method, *question_.limits);
    auto head_buffer = upstream_.take_head();
    make_head(head_buffer, place_.server().address);
    const auto sent = co_await connection.send({head_buffer.view(), question_.at_hand});
    upstream_.put_head(std::move(head_buffer));
    // A server that closes may have said why before: that counts.
    if (!sent && sent.error().kind == ErrorKind::kTimeout) co_return std::unexpected(sent.error());
    if (sent && question_.content != nullptr) {
      sent_content_ = true;
      const auto invited = co_await question_.content->invite();
      if (!invited) co_return std::unexpected(invited.error());
      upload_ = std::make_unique<Upload<Connection>>(
          connection, std::move(question_.content),
          question_.chunked ? http::BodyFraming::kChunked : http::BodyFraming::kLength);
      upload_->start(upstream_.worker);
    }
    for (;;) {
      auto received = co_await connection.receive_head();
      if (!received)
        co_return std::unexpected(upload_ ? upload_->failure().value_or(received.error()) : received.error());
      const http::ResponseHead& head = **received;
      if (head.status == http::Status::kSwitchingProtocols && !is_granted(question_.upgrade, http::Fields(head.fields)))
        co_return std::unexpected(Error{.kind = ErrorKind::kProtocol,
                                        .source = ErrorSource::kUpstream,
                                        .reason = Reason::kBadStatusLine});  // nobody has asked for that
      if (!head.is_interim()) {
        if (upload_ && http::code(head.status) >= 400) upload_->stop();  // it is not wanted (RFC 9112 §9.5)
        co_return &head;
      }
      // Who waited for 100 has it from us.
      if (head.status == http::Status::kContinue || question_.interim == nullptr) continue;
      const http::Response interim = forward_response(head);
      told_interim_ = true;
      auto told = co_await question_.interim->send_interim(interim.status, interim.headers);
      if (!told) co_return std::unexpected(told.error());
    }
  }

  [[nodiscard]] bool is_clients() const noexcept {
    return last_error_.source != ErrorSource::kUpstream || question_.client.is_cancelled();
  }
  /// Nothing has been sent.
  bool may_repeat_connect() {
    if (is_clients()) return false;
    pool_->failed(place_.server(), admission_, now());
    if (!question_.retry->connect || !has_tries_left()) return false;
    leave_server();
    return true;
  }
  bool may_repeat() {
    if (is_clients()) return false;
    const bool timed_out = last_error_.kind == ErrorKind::kTimeout;
    const bool was_closed = !lease_->answer_begun() && last_error_.kind != ErrorKind::kProtocol && !timed_out;
    if (was_closed && lease_.is_reused() && !fresh_ && is_repeatable()) {  // it had been closed by then
      lease_ = {};
      fresh_ = true;
      return true;
    }
    pool_->failed(place_.server(), admission_, now());
    const bool wanted = timed_out ? question_.retry->timeout : was_closed && question_.retry->reset;
    if (!wanted || !is_repeatable() || !has_tries_left() || !budget_.take(now())) return false;
    leave_server();
    return true;
  }
  /// The answer is one of those that are to be asked for elsewhere, and there is somewhere else.
  bool may_ask_another(http::Status status) {
    const auto& listed = question_.retry->statuses;
    if (std::ranges::find(listed, http::code(status)) == listed.end() || !is_repeatable() || !has_tries_left())
      return false;
    tried_[tried_count_] = &place_.server();
    PickRequest request = pick_request();
    request.tried = std::span(tried_.data(), tried_count_ + 1);
    NoServer why{};
    Place other = upstream_.take_place(pool_, request, why);
    if (!other || !budget_.take(now())) return false;
    pool_->failed(place_.server(), admission_, now());
    leave_server();
    place_ = std::move(other);
    return true;
  }

  const std::shared_ptr<UpstreamPool>& pool_;
  Upstream& upstream_;
  Question& question_;
  RetryBudget& budget_;
  Place place_;
  typename Idle::Lease lease_;                  ///< ends before its place
  std::unique_ptr<Upload<Connection>> upload_;  ///< ends before its connection
  Breaker::Admission admission_ = Breaker::Admission::kYes;
  Error last_error_;
  std::vector<std::shared_ptr<const UpstreamServer>> left_;  ///< keeps those in tried_
  std::array<const UpstreamServer*, kMostTried> tried_{};
  std::size_t tried_count_ = 0;
  bool fresh_ = false;  ///< no connection that was used before
  bool sent_content_ = false;
  bool told_interim_ = false;  ///< the client has heard of one of the servers (P-15)
};

}  // namespace flare::handlers::proxy
