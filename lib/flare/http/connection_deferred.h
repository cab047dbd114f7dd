// Answers of a connection that have to wait, and what their handlers ask of it meanwhile. Part of connection.h.
#pragma once

#include <algorithm>
#include <string_view>
#include <utility>

#include "flare/http/connection.h"

namespace flare::http {

template <io::ByteStream Stream>
runtime::Task<Next> Connection<Stream>::answer_deferred() {
  Deferred& deferred = core_.deferred();
  stream_.set_idle(false);
  stream_.clear_deadline();
  if (auto* const later = deferred.reply.later()) {
    stream_.watch_hang_up(&deferred.request->cancellation());  // H-20
    co_await later->finished();
    co_await core_.context().worker().end_of_turn();
  }
  Response& response = core_.deferred_response();
  if (!fits_turn(*deferred.request, response)) co_return co_await stream_deferred();

  // As most answers leave. The worker's buffer is free: only the worker itself resumes who waits for the turn's end,
  // not a connection in the middle of its own; and what was there at once does not fit.
  io::Buffer& output = core_.context().output();
  output.clear();
  const Next next = core_.begin_deferred_answer(response, received_behind(), output);
  if (sends_body(*deferred.request, response)) output.append(response.body.bytes());
  const std::size_t size = output.size();
  Result<void> outcome;
  if (!send_output(next)) {
    response.body = {};  // the rest of it is in unsent_
    outcome = co_await send_unsent(deferred.request->limits());
  }
  end_deferred(response, size - unsent_.size(), outcome);
  co_return outcome ? next : Next::kClose;
}

/// An answer that is large, or made while it is sent.
template <io::ByteStream Stream>
runtime::Task<Next> Connection<Stream>::stream_deferred() {
  Response& response = core_.detach_response();
  const Request& request = *core_.deferred().request;
  if (response.body.source() != nullptr) stream_.watch_hang_up(&request.cancellation());
  io::Buffer head(512);
  const Next next = core_.begin_deferred_answer(response, received_behind(), head);
  if (!sends_body(request, response)) response.body = {};
  const BodyFraming framing = framing_of(response, request.head().minor_version);
  ResponseWriter<Stream> writer(stream_, core_.context().worker(), request.limits());
  const auto outcome = co_await writer.send(head.view(), response.body, framing, request.cancellation());
  if (!writer.failure().empty() && core_.context().recorder() != nullptr)
    core_.context().recorder()->failure(request, writer.failure());
  end_deferred(response, writer.sent(), outcome);
  if (outcome) co_return next;
  // A short answer must not look like a whole one (RFC 9112 §8): its framing tells, or a reset.
  if (framing == BodyFraming::kUntilClose) stream_.abort();
  co_return Next::kClose;
}

template <io::ByteStream Stream>
void Connection<Stream>::end_deferred(Response& response, std::uint64_t sent, Result<void> outcome) {
  stream_.watch_hang_up(nullptr);
  response.body = {};  // what it is made of may still be reading the request
  takeover_ = std::move(response.takeover);
  core_.end_deferred(response, sent, outcome ? response.why : outcome.error().reason);
  held_.erase(0, std::exchange(held_used_, 0));
  if (held_.empty()) std::string().swap(held_);  // an idle connection holds none
  head_since_ = now();
}

// ---- interim responses and content for a waiting handler

template <io::ByteStream Stream>
runtime::Task<Result<void>> Connection<Stream>::send_interim(Status status, const HeaderMap& headers) {
  const Request& request = *core_.deferred().request;
  if (request.head().minor_version == 0) co_return Result<void>();  // RFC 9110 §15.2
  ResponseWriter<Stream> writer(stream_, core_.context().worker(), request.limits());
  auto sent = co_await writer.send({status_line(status), headers.encoded(), "\r\n"});
  co_return sent;
}

template <io::ByteStream Stream>
runtime::Task<Result<std::string_view>> Connection<Stream>::next() {
  ContentReader& content = core_.content();
  const Request& request = *core_.deferred().request;
  std::uint64_t& received = core_.deferred().content_bytes;
  const std::uint64_t limit = request.limits().body;
  if (content.remaining().value_or(0) > limit - received) co_return fail(ErrorKind::kProtocol, Reason::kBodyBytes);
  while (!content.done()) {
    const auto step = content.step(received_behind());
    if (!step) co_return fail(ErrorKind::kProtocol, step.error());
    held_used_ += step->consumed;
    core_.deferred().trailer_section.append(step->trailers);
    if (!step->piece.empty()) {
      if (step->piece.size() > limit - received) co_return fail(ErrorKind::kProtocol, Reason::kBodyBytes);  // L-5
      received += step->piece.size();
      co_return step->piece;
    }
    if (step->consumed != 0 || content.done()) continue;
    auto more = co_await receive_held();
    if (!more) co_return std::unexpected(more.error());
  }
  const auto trailers = core_.deferred().read_trailers();
  if (!trailers) co_return fail(ErrorKind::kProtocol, trailers.error());
  co_return std::string_view();
}

/// H-15: unless content has come anyway.
template <io::ByteStream Stream>
runtime::Task<Result<void>> Connection<Stream>::invite() {
  Deferred& deferred = core_.deferred();
  const bool waits = deferred.request->head().expect_continue && received_behind().empty();
  if (std::exchange(deferred.invited, true) || !waits) co_return Result<void>();
  ResponseWriter<Stream> writer(stream_, core_.context().worker(), deferred.request->limits());
  auto told = co_await writer.send({"HTTP/1.1 100 Continue\r\n\r\n"});
  co_return told;
}

/// Appends what arrives to held_, whose used part is dropped first.
template <io::ByteStream Stream>
runtime::Task<Result<void>> Connection<Stream>::receive_held() {
  Deferred& deferred = core_.deferred();
  held_.erase(0, std::exchange(held_used_, 0));
  if (deferred.request->head().expect_continue && held_.empty() && !deferred.invited) {
    auto invited = co_await invite();
    if (!invited) co_return invited;
  }
  for (;;) {
    const auto since = now();
    stream_.set_read_deadline(since + std::min(deferred.request->limits().body_idle, deferred.pace.left()));
    const auto ready = co_await stream_.readable();
    deferred.pace.waited(now() - since);
    if (!ready) {
      if (ready.error().kind != ErrorKind::kTimeout) co_return fail(ready.error().kind, Reason::kClientClosed);
      const bool too_slow = deferred.pace.left().count() == 0;
      co_return fail(ErrorKind::kTimeout, too_slow ? Reason::kMinRate : Reason::kBodyIdle);
    }
    Result<std::size_t> count;
    const std::size_t before = held_.size();
    held_.resize_and_overwrite(before + kContentBytesPerRead, [&](char* bytes, std::size_t) {
      count = stream_.try_read({bytes + before, kContentBytesPerRead});
      return before + count.value_or(0);
    });
    if (count) {
      deferred.pace.moved(*count);
      co_return Result<void>();
    }
    if (count.error().kind != ErrorKind::kWouldBlock) co_return fail(count.error().kind, Reason::kClientClosed);
  }
}

}  // namespace flare::http
