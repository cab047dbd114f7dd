// A connection that has left HTTP behind, through a proxy: bytes both ways (RFC 9110 §7.8).
#pragma once

#include <chrono>
#include <coroutine>
#include <string>
#include <string_view>
#include <utility>

#include "flare/http/takeover.h"
#include "flare/io/any_stream.h"
#include "flare/io/buffer_pool.h"
#include "flare/runtime/timer_wheel.h"
#include "flare/runtime/worker.h"

namespace flare::handlers::proxy {

/// Each side's pace is the other's: what one does not take is not read from the other. The end of one direction is told
/// to the other side, and the other direction goes on; an error on either side, or `idle` without a byte both ways,
/// ends both. `Upstream` points to what has stream(), and keeps `buffers`. Holds a buffer only while bytes are under
/// way.
template <class Upstream>
class Tunnel final : public http::Takeover, private runtime::TimerEntry {
 public:
  /// `received` came behind the upstream server's 101.
  Tunnel(runtime::Worker& worker, io::BufferPool& buffers, Upstream upstream, std::string received,
         std::chrono::milliseconds idle)
      : worker_(worker),
        buffers_(buffers),
        upstream_(std::move(upstream)),
        received_(std::move(received)),
        idle_(idle) {}
  ~Tunnel() override {
    if (gone_ != nullptr) *gone_ = true;
  }

  runtime::Task<void> run(io::AnyStream& client, std::string received) override {
    moved_ = worker_.now();
    worker_.timers().schedule(*this, moved_ + idle_);
    client_ = &client;
    auto& server = upstream_->stream();
    server.clear_deadline();
    worker_.spawn(answer(*this));
    co_await carry(client, server, received);
    co_await Answered{*this};
    worker_.timers().cancel(*this);
  }

 private:
  /// Until the other direction is done.
  struct Answered {
    Tunnel& tunnel;
    [[nodiscard]] bool await_ready() const noexcept { return tunnel.answered_; }
    void await_suspend(std::coroutine_handle<> waiting) const noexcept { tunnel.waiting_ = waiting; }
    void await_resume() const noexcept {}
  };

  static runtime::Task<void> answer(Tunnel& tunnel) {
    co_await tunnel.carry(tunnel.upstream_->stream(), *tunnel.client_, tunnel.received_);
    tunnel.answered_ = true;
    if (tunnel.waiting_) tunnel.waiting_.resume();  // the last thing: the tunnel may be gone by that
  }

  template <class From, class To>
  runtime::Task<void> carry(From& from, To& to, std::string_view first) {
    auto outcome = co_await send(to, first);
    while (outcome) {
      const auto ready = co_await from.readable();
      if (!ready) break;
      const io::BufferPool::Lease buffer = buffers_.borrow();
      const auto count = from.try_read(buffer.bytes());
      if (!count && count.error().kind == ErrorKind::kWouldBlock) continue;
      if (!count && count.error().kind == ErrorKind::kClosed) {
        static_cast<void>(to.shutdown_write());
        co_return;
      }
      if (!count) break;
      co_await worker_.end_of_turn();
      if (ended_) break;
      moved_ = worker_.now();
      std::string_view rest(buffer.data(), *count);
      if (const auto sent = to.try_write(rest, io::Ahead::kUnknown)) rest.remove_prefix(*sent);
      if (!rest.empty()) outcome = co_await send(to, rest);  // a broken stream shows there
    }
    end();
  }

  template <class To>
  runtime::Task<Result<void>> send(To& to, std::string_view bytes) {
    while (!bytes.empty()) {
      const auto count = to.try_write(bytes, io::Ahead::kUnknown);
      if (count) {
        bytes.remove_prefix(*count);
        moved_ = worker_.now();
        continue;
      }
      if (count.error().kind != ErrorKind::kWouldBlock) co_return std::unexpected(count.error());
      const auto ready = co_await to.writable();
      if (!ready) co_return ready;
    }
    co_return Result<void>();
  }

  /// Both directions hear of it; whoever hears of it last ends the tunnel, maybe in the midst of this.
  void end() {
    if (std::exchange(ended_, true)) return;
    bool gone = false;
    gone_ = &gone;
    upstream_->stream().cancel();
    if (gone) return;
    client_->cancel();
    if (!gone) gone_ = nullptr;
  }
  void on_timer() override {
    if (worker_.now() - moved_ >= idle_) return end();
    worker_.timers().schedule(*this, moved_ + idle_);
  }

  runtime::Worker& worker_;
  io::BufferPool& buffers_;
  Upstream upstream_;
  std::string received_;
  std::chrono::milliseconds idle_;
  runtime::TimePoint moved_{};
  io::AnyStream* client_ = nullptr;
  std::coroutine_handle<> waiting_;
  bool answered_ = false;
  bool ended_ = false;
  bool* gone_ = nullptr;  ///< tells end(), while it runs, that this is no more
};

}  // namespace flare::handlers::proxy
