// A topic as server-sent events (WHATWG HTML §9.2).
#pragma once

#include <coroutine>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "flare/http/body.h"
#include "flare/runtime/worker.h"
#include "flare/ws/endpoint.h"
#include "flare/ws/subscription.h"

namespace flare::handlers {

/// A message as an event: its lines as `data`, its id; what is not text in base64, as an event named "binary". Pure.
std::string to_event(std::uint64_t id, const ws::Message& message);

/// The content of a response that goes on until its reader leaves, is too slow (OnSlow::kClose), or the worker drains.
/// A comment where nothing came for SessionOptions::ping, so that who is gone is found out. Made and used on one
/// worker.
class EventStream final : public http::BodySource,
                          private ws::Subscriber,
                          private runtime::BeforeWait,
                          private runtime::TimerEntry,
                          private runtime::Cancellation::Listener {
 public:
  EventStream(std::shared_ptr<const ws::EndpointOptions> options, ws::Topics::Place place, std::uint64_t after);

  runtime::Task<Result<std::string_view>> next() override;
  void cancel() noexcept override { end(); }

 private:
  ws::Posted deliver(std::uint64_t id, ws::Broadcast& message, bool waits) override;
  ws::Posted meet_slow(std::size_t bytes);
  void on_wait() override;
  void on_timer() override;
  void on_cancel() override;
  void wake() noexcept;
  void end() noexcept;
  void arm();

  struct Awaiting {
    EventStream& stream;
    [[nodiscard]] bool await_ready() const noexcept { return stream.ended_ || !stream.queue_.empty(); }
    void await_suspend(std::coroutine_handle<> waiting) const noexcept { stream.waiting_ = waiting; }
    void await_resume() const noexcept {}
  };

  runtime::Worker& worker_;
  std::shared_ptr<const ws::EndpointOptions> options_;
  struct Event {
    std::string text;
    std::size_t size = 0;  ///< as a WebSocket would send it: what SessionOptions::queue counts
  };
  std::deque<Event> queue_;
  std::size_t queued_ = 0;  ///< the sizes in it
  std::string piece_;       ///< what next() gave
  std::coroutine_handle<> waiting_;
  runtime::TimePoint drain_due_ = runtime::TimePoint::max();
  runtime::TimePoint comment_due_ = runtime::TimePoint::max();
  bool ended_ = false;
  std::optional<ws::Subscription> subscription_;  ///< the last: it may deliver at once
};

}  // namespace flare::handlers
