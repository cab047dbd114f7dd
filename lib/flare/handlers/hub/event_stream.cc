#include "flare/handlers/hub/event_stream.h"

#include <algorithm>
#include <utility>

#include "flare/base/base64.h"
#include "flare/ws/turn.h"

namespace flare::handlers {
namespace {

constexpr std::string_view kComment = ":\n\n";

}  // namespace

std::string to_event(std::uint64_t id, const ws::Message& message) {
  std::string event = "id: " + std::to_string(id) + "\n";
  if (message.type == ws::MessageType::kBinary)
    return event + "event: binary\ndata: " + base64_encode(message.data) + "\n\n";
  std::string_view rest = message.data;
  for (bool more = true; more;) {  // a line ends with CR LF, LF or CR
    const std::size_t end = std::min(rest.find_first_of("\r\n"), rest.size());
    event.append("data: ").append(rest.substr(0, end)).append("\n");
    more = end != rest.size();
    rest.remove_prefix(end);
    rest.remove_prefix(rest.starts_with("\r\n") ? 2 : more ? 1 : 0);
  }
  return event + "\n";
}

EventStream::EventStream(std::shared_ptr<const ws::EndpointOptions> options, ws::Topics::Place place,
                         std::uint64_t after)
    : Listener(ws::Turn::of(runtime::Worker::current())->draining()),
      worker_(runtime::Worker::current()),
      options_(std::move(options)) {
  subscription_.emplace(std::move(place), static_cast<ws::Subscriber&>(*this), after);
}

/// All that has come since the last time: its reader's pace decides how much that is.
runtime::Task<Result<std::string_view>> EventStream::next() {
  if (options_->session.ping.count() != 0) comment_due_ = worker_.now() + options_->session.ping;
  arm();
  co_await Awaiting{*this};
  piece_.clear();
  if (queue_.empty()) co_return std::string_view();  // ended
  for (const Event& event : queue_) piece_ += event.text;
  queue_.clear();
  queued_ = 0;
  subscription_->has_room();
  co_return std::string_view(piece_);
}

ws::Posted EventStream::deliver(std::uint64_t id, ws::Broadcast& message, bool waits) {
  if (ended_) return ws::Posted::kClosed;
  const std::size_t size = message.message()->frame().size();
  if (queued_ + size > options_->session.queue) {
    if (waits && !queue_.empty()) return ws::Posted::kNoRoom;
    if (const ws::Posted outcome = meet_slow(size); outcome != ws::Posted::kTaken) return outcome;
  }
  queued_ += size;
  queue_.push_back({to_event(id, message.message()->message()), size});
  wake();
  return ws::Posted::kTaken;
}

/// There is no room for so many bytes; kTaken: now there is.
ws::Posted EventStream::meet_slow(std::size_t bytes) {
  switch (options_->session.on_slow) {
    case ws::OnSlow::kPauseProducer: return queue_.empty() ? ws::Posted::kDropped : ws::Posted::kNoRoom;
    case ws::OnSlow::kDropNewest: return ws::Posted::kDropped;
    case ws::OnSlow::kClose:  // its reader comes back, with the id of the last event that it has seen
      queue_.clear();
      end();
      return ws::Posted::kClosed;
    case ws::OnSlow::kDropOldest: break;
  }
  if (bytes > options_->session.queue) return ws::Posted::kDropped;
  while (queued_ + bytes > options_->session.queue) {
    queued_ -= queue_.front().size;
    queue_.pop_front();
  }
  return ws::Posted::kTaken;
}

// ---- waking

/// Not from within a delivery, which others are in as well.
void EventStream::wake() noexcept {
  if (waiting_) worker_.before_wait(*this);
}

void EventStream::on_wait() {
  if (waiting_) std::exchange(waiting_, {}).resume();  // the last thing: it may end this stream
}

void EventStream::end() noexcept {
  ended_ = true;
  wake();
}

void EventStream::arm() {
  const runtime::TimePoint due = std::min(drain_due_, comment_due_);
  if (due != runtime::TimePoint::max()) worker_.timers().schedule(*this, due);
}

void EventStream::on_timer() {
  if (worker_.now() >= drain_due_) return end();
  if (queue_.empty() && waiting_) {
    queue_.push_back({std::string(kComment), 0});
    return wake();
  }
  comment_due_ = worker_.now() + options_->session.ping;  // one is not needed now
  arm();
}

void EventStream::on_cancel() {
  drain_due_ = ws::moment_within(worker_.now(), options_->session.drain_spread);
  arm();
}

}  // namespace flare::handlers
