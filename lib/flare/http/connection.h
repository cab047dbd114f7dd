// An HTTP/1.1 connection: one coroutine from the first byte to the last, over any transport (design.md, "A request's
// way").
#pragma once

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>

#include "flare/http/connection_core.h"
#include "flare/http/connection_count.h"
#include "flare/http/linger.h"
#include "flare/http/response_writer.h"
#include "flare/io/any_stream.h"
#include "flare/io/byte_stream.h"
#include "flare/runtime/task.h"

namespace flare::http {

/// Serves one connection until either side ends it. In the steady state a turn is one read, all complete requests
/// parsed and answered in place, one write; nothing is allocated and the coroutine suspends only for the next request.
template <io::ByteStream Stream>
class Connection final : private Exchange {
 public:
  /// The stream is made here, of whatever its constructor takes: a connection lives in one frame, without a second copy
  /// of it.
  template <class... StreamArgs>
  Connection(WorkerContext& context, const net::SocketAddr& peer, StreamArgs&&... stream)
      : stream_(std::forward<StreamArgs>(stream)...), core_(context, peer, session_of(stream_)) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Whom a proxy's header names in place of the peer. Before run().
  void set_source(const net::SocketAddr& source) noexcept { core_.set_source(source); }
  /// Input that was read before this object was made, since `since`. Before run().
  void begin_with(std::string input, runtime::TimePoint since) noexcept {
    held_ = std::move(input);
    head_since_ = since;
  }
  [[nodiscard]] Stream& stream() noexcept { return stream_; }
  runtime::Task<void> run();
  /// After run(): true where another protocol goes on with the stream, and `place`, in a task of its own. This is done.
  bool hand_over(ConnectionCount::Place& place);
  /// After run(), before the end: what was written would be lost otherwise. Rarely so.
  [[nodiscard]] bool must_settle() noexcept {
    if constexpr (requires { stream_.keeps_back(); }) return stream_.keeps_back();
    return false;
  }
  runtime::Task<void> settle() { return http::settle(stream_, core_.context().worker(), limits().write_idle); }
  /// Instead of run(): tells the client why it is not served and waits, a little, until it has read that.
  runtime::Task<void> refuse(Reason why);
  /// The same without waiting, for when there is nothing left to wait with; the answer may be lost to a reset.
  void turn_away(Reason why);

 private:
  static constexpr std::size_t kContentBytesPerRead = 64 * 1024;

  static const tls::Session* session_of(const Stream& stream) noexcept {
    if constexpr (requires { stream.session(); }) return &stream.session();
    return nullptr;
  }

  // Input. `held_` keeps what is left between turns; while a turn lasts, everything is in the worker's buffer.
  void arm_for_reading();
  [[nodiscard]] bool between_requests() const noexcept { return held_.empty() && !core_.is_discarding(); }
  Result<std::string_view> fill();
  std::string_view load_held();
  /// What has arrived behind the present request's head and was not read as its content.
  [[nodiscard]] std::string_view received_behind() const noexcept { return std::string_view(held_).substr(held_used_); }
  void hold(std::string_view rest);
  [[nodiscard]] bool cannot_be_complete(std::size_t held, std::string_view input) const noexcept;

  Next turn(std::string_view input);
  bool send_output(Next next);
  // What is rarely awaited keeps a frame of its own: inlined, it would be part of every idle connection's.
  [[gnu::noinline]] runtime::Task<Result<void>> send_unsent(const Limits& of);
  [[gnu::noinline]] runtime::Task<Next> answer_deferred();
  /// The answer has been sent, or `outcome` says why it has not.
  void end_deferred(Response& response, std::uint64_t sent, Result<void> outcome);
  [[gnu::noinline]] runtime::Task<Next> stream_deferred();
  [[gnu::noinline]] runtime::Task<void> end_after(Error error);
  [[gnu::noinline]] runtime::Task<void> linger();
  runtime::Task<Result<std::string_view>> next() override;
  runtime::Task<Result<void>> invite() override;
  void interrupt() noexcept override { stream_.interrupt_read(); }
  [[nodiscard]] std::span<const Field> trailers() const noexcept override { return core_.deferred().trailers; }
  runtime::Task<Result<void>> send_interim(Status status, const HeaderMap& headers) override;
  runtime::Task<Result<void>> receive_held();

  [[nodiscard]] const Limits& limits() { return core_.context().limits(); }
  [[nodiscard]] runtime::TimePoint now() { return core_.context().worker().now(); }

  Stream stream_;
  std::string held_;           ///< input that waits for its rest or for the present answer
  std::size_t held_used_ = 0;  ///< its first bytes, which a waiting handler has taken as content
  std::unique_ptr<Takeover> takeover_;
  std::string unsent_;               ///< output that the kernel did not take, or, at the end, never will
  runtime::TimePoint head_since_{};  ///< when the first byte of the incomplete head in held_ came, or skipping began
  ConnectionCore core_;              ///< a handler that waits ends with it: before what it may still read
};

/// Runs a connection as a root task: `worker.spawn(serve_connection<tcp::TcpStream>(context, peer, std::ref(worker),
/// std::move(fd)))`.
template <io::ByteStream Stream, class... StreamArgs>
runtime::Task<void> serve_connection(WorkerContext& context, net::SocketAddr peer, StreamArgs... stream) {
  Connection<Stream> connection(context, peer, std::move(stream)...);
  co_await connection.run();
  ConnectionCount::Place place;
  connection.hand_over(place);
}

template <io::ByteStream Stream>
runtime::Task<void> Connection<Stream>::run() {
  Next next = held_.empty() ? Next::kRead : Next::kMore;
  for (;;) {
    if (next == Next::kRead) {
      arm_for_reading();
      // A drain that began while an answer was under way found no wait to cancel: what has arrived is served, the rest
      // not waited for.
      bool last_look = between_requests() && core_.context().worker().is_draining();
      if (!last_look) {
        const auto ready = co_await stream_.readable();
        last_look = !ready && ready.error().kind == ErrorKind::kCancelled;
        if (!ready && !last_look) co_return co_await end_after(ready.error());
      }
      auto input = fill();
      if (!input) {
        if (input.error().kind == ErrorKind::kWouldBlock && !last_look) continue;
        co_return;  // end of stream, or nothing of value lost
      }
      next = turn(*input);
    } else {
      next = turn(load_held());
    }
    if (next == Next::kRead && unsent_.empty()) continue;
    if (!unsent_.empty() && !co_await send_unsent(limits())) co_return;
    if (next == Next::kDeferred) next = co_await answer_deferred();
    if (next == Next::kMore && held_.empty()) next = Next::kRead;
    if (next == Next::kClose || next == Next::kTakeOver) co_return;
    if (next == Next::kCloseLingering) co_return co_await linger();
  }
}

template <io::ByteStream Stream>
runtime::Task<void> Connection<Stream>::refuse(Reason why) {
  core_.context().output().clear();
  core_.refuse({}, why);
  static_cast<void>(send_output(Next::kCloseLingering));
  co_await linger();
}

template <io::ByteStream Stream>
void Connection<Stream>::turn_away(Reason why) {
  core_.context().output().clear();
  core_.refuse({}, why);
  static_cast<void>(send_output(Next::kCloseLingering));
  static_cast<void>(stream_.shutdown_write());
  io::Buffer& scratch = core_.context().input();
  static_cast<void>(stream_.try_read({scratch.data(), scratch.capacity()}));  // unread input would reset the answer
}

/// Nothing came in time: a silent close before the first byte of a request, 408 after it (H-35).
template <io::ByteStream Stream>
runtime::Task<void> Connection<Stream>::end_after(Error error) {
  if (error.kind != ErrorKind::kTimeout || between_requests() || core_.is_discarding()) co_return;
  core_.context().output().clear();
  core_.refuse(held_, Reason::kHeaderTimeout);
  static_cast<void>(send_output(Next::kCloseLingering));
  co_await linger();
}

// ---- input

template <io::ByteStream Stream>
void Connection<Stream>::arm_for_reading() {
  stream_.set_idle(between_requests());
  if (between_requests()) return stream_.set_deadline(now() + limits().keepalive_idle);
  // Dribbling extends neither: what is skipped counts from the answer on, a head from its first byte.
  stream_.set_deadline(head_since_ + (core_.is_discarding() ? limits().body_idle : limits().header_timeout));
}

template <io::ByteStream Stream>
std::string_view Connection<Stream>::load_held() {
  io::Buffer& input = core_.context().input();
  const std::size_t size = held_.size() - held_used_;
  std::memcpy(input.data(), held_.data() + held_used_, size);
  std::string().swap(held_);  // gives the memory back: an idle connection holds none
  held_used_ = 0;
  return {input.data(), size};
}

template <io::ByteStream Stream>
Result<std::string_view> Connection<Stream>::fill() {
  io::Buffer& input = core_.context().input();
  const std::size_t held = held_.size();
  if (held != 0) std::memcpy(input.data(), held_.data(), held);
  auto count = stream_.try_read({input.data() + held, input.capacity() - held});
  if (!count) return std::unexpected(count.error());
  const std::string_view all(input.data(), held + *count);
  if (held == 0) {
    if (!core_.is_discarding()) head_since_ = now();
    return all;
  }
  if (cannot_be_complete(held, all)) {
    held_.append(all.substr(held));
    return fail(ErrorKind::kWouldBlock);
  }
  std::string().swap(held_);
  return all;
}

/// A head that got no new line feed is as incomplete as before: not parsed again, lest one byte at a time cost a parse
/// each.
template <io::ByteStream Stream>
bool Connection<Stream>::cannot_be_complete(std::size_t held, std::string_view input) const noexcept {
  return !core_.is_discarding() && input.size() < 1024 && input.find('\n', held) == std::string_view::npos;
}

template <io::ByteStream Stream>
void Connection<Stream>::hold(std::string_view rest) {
  if (!rest.empty()) held_.assign(rest);
}

// ---- a turn

/// Serves `input` without waiting, as far as that goes; what is left of it is held, what could not be sent is in
/// unsent_.
template <io::ByteStream Stream>
Next Connection<Stream>::turn(std::string_view input) {
  core_.context().output().clear();
  for (;;) {
    const bool skipping = core_.is_discarding();
    const auto [consumed, next] = core_.serve(input, *this);
    if (consumed != 0 && !(skipping && core_.is_discarding())) head_since_ = now();
    input.remove_prefix(consumed);
    const bool all_sent = send_output(next);
    if (next == Next::kMore && all_sent) continue;
    hold(input);
    return next;
  }
}

/// One write for everything that was answered, and for the end where that comes next. False: the rest is in unsent_.
template <io::ByteStream Stream>
bool Connection<Stream>::send_output(Next next) {
  io::Buffer& output = core_.context().output();
  if (output.empty()) return true;
  const bool ends = next == Next::kClose || next == Next::kCloseLingering;
  const auto sent = stream_.try_write(output.view(), ends ? io::Ahead::kEnd : io::Ahead::kUnknown);
  const std::size_t taken = sent.value_or(0);
  if (taken < output.size()) unsent_.assign(output.view().substr(taken));  // a broken stream shows when this is sent
  output.clear();
  return unsent_.empty();
}

template <io::ByteStream Stream>
runtime::Task<Result<void>> Connection<Stream>::send_unsent(const Limits& of) {
  ResponseWriter<Stream> writer(stream_, core_.context().worker(), of);
  const auto outcome = co_await writer.send({unsent_});
  unsent_.erase(0, writer.sent());
  if (outcome) std::string().swap(unsent_);  // gives the memory back
  co_return outcome;
}

template <io::ByteStream Stream>
runtime::Task<void> Connection<Stream>::linger() {
  if (!unsent_.empty() && !co_await send_unsent(limits())) co_return;
  WorkerContext& context = core_.context();
  if (must_settle()) co_await http::settle(stream_, context.worker(), limits().write_idle);
  co_await http::linger(stream_, context.worker(), context.input());
}

template <io::ByteStream Stream>
bool Connection<Stream>::hand_over(ConnectionCount::Place& place) {
  if (!takeover_) return false;
  stream_.clear_deadline();
  runtime::Worker& worker = core_.context().worker();
  auto stream = std::make_unique<io::OwnedStream<Stream>>(std::move(stream_));
  auto running = takeover_->run(*stream, std::exchange(held_, {}));
  worker.spawn(run_takeover(worker, std::move(takeover_), std::move(stream), std::move(running), std::move(place)));
  return true;
}

}  // namespace flare::http

#include "flare/http/connection_deferred.h"  // the rest of it
