#include "flare/runtime/pollable.h"

#include <algorithm>
#include <utility>

#include "flare/runtime/worker.h"

namespace flare::runtime {

// A fresh socket usually has its first request behind it already, so the first read is tried at once; a level-triggered
// descriptor is only ever read when the reactor said so.
Pollable::Pollable(Worker& worker, net::UniqueFd fd, Trigger trigger) noexcept
    : worker_(&worker), fd_(std::move(fd)), trigger_(trigger), read_ready_(trigger == Trigger::kEdge) {}

Pollable::Pollable(Pollable&& other) noexcept
    : TimerEntry(static_cast<TimerEntry&&>(other)),
      worker_(other.worker_),
      fd_(std::move(other.fd_)),
      slot_(other.slot_),
      trigger_(other.trigger_),
      registered_(std::exchange(other.registered_, false)),
      read_ready_(other.read_ready_),
      write_ready_(other.write_ready_),
      hung_up_(other.hung_up_),
      cancelled_(other.cancelled_),
      idle_(other.idle_),
      read_due_(std::exchange(other.read_due_, TimePoint::max())),
      write_due_(std::exchange(other.write_due_, TimePoint::max())),
      hang_up_watch_(other.hang_up_watch_),
      watches_input_(other.watches_input_) {
  if (registered_) worker_->rebind(slot_, *this);
}

Pollable::~Pollable() {
  if (registered_) worker_->forget(slot_);
}

bool Pollable::begin_wait(Result<void>& outcome) noexcept {
  if (cancelled_) {
    outcome = fail(ErrorKind::kCancelled);
    return false;
  }
  outcome = ensure_registered();
  return outcome.has_value();
}

std::optional<Result<void>> Pollable::readable(ReadyListener& listener) noexcept {
  if (is_ready(Direction::kRead)) return Result<void>();
  if (Result<void> outcome; !begin_wait(outcome)) return outcome;
  reader_ = {.coroutine = {}, .listener = &listener};
  return std::nullopt;
}

Result<void> Pollable::ensure_registered() noexcept {
  if (registered_) return {};
  const auto slot = worker_->watch(*this, trigger_);
  if (!slot) return std::unexpected(slot.error());
  slot_ = *slot;
  registered_ = true;
  return {};
}

void Pollable::watch_hang_up(Cancellation* who) noexcept {
  hang_up_watch_ = nullptr;
  watches_input_ = false;
  if (who == nullptr) return;
  if (hung_up_) return who->cancel();
  if (ensure_registered()) hang_up_watch_ = who;  // without it, reading or writing will tell
}

void Pollable::watch_input(Cancellation* who) noexcept {
  if (who != nullptr && hung_up_) return who->cancel();
  watch_hang_up(who);
  watches_input_ = who != nullptr;
}

void Pollable::on_event(const Event& event) noexcept {
  hung_up_ = hung_up_ || event.hung_up;
  if (trigger_ != Trigger::kEdge) return wake(reader_, {});  // the flag stays clear: the reactor will say so again
  if (event.writable) write_ready_ = true;
  if (event.readable) read_ready_ = true;
  const std::uint32_t slot = slot_;
  const std::uint32_t generation = worker_->generation(slot);
  Worker& worker = *worker_;
  const bool is_awaited = event.readable && reader_;
  if (is_awaited) wake(reader_, {});
  if (!worker.is_current(slot, generation)) return;  // the reader has ended this connection
  // Whoever was resumed may have moved the descriptor to another object.
  if (Pollable& source = worker.source(slot); event.writable && source.writer_) source.wake(source.writer_, {});
  if (!worker.is_current(slot, generation)) return;
  Pollable& source = worker.source(slot);
  // Input that the reader was woken for is no surprise to whom it has set to watch since.
  if (!event.hung_up && (is_awaited || !source.watches_input_ || !event.readable)) return;
  if (Cancellation* const watching = std::exchange(source.hang_up_watch_, nullptr)) watching->cancel();
}

void Pollable::wake(Waiter& waiter, Result<void> outcome) noexcept {
  if (waiter) std::exchange(waiter, {}).tell(outcome);
}

/// Which may end the other wait, or this object: either waiter may own the other. What is left; nullptr: nothing.
Pollable* Pollable::wake_writer(ErrorKind kind) noexcept {
  if (!writer_) return this;
  const std::uint32_t slot = slot_;
  const std::uint32_t generation = worker_->generation(slot);
  Worker& worker = *worker_;
  wake(writer_, fail(kind));
  return worker.is_current(slot, generation) ? &worker.source(slot) : nullptr;
}

void Pollable::wake_all(ErrorKind kind) noexcept {
  if (Pollable* const source = wake_writer(kind)) source->wake(source->reader_, fail(kind));
}

void Pollable::schedule(TimePoint due) noexcept {
  if (due != TimePoint::max() && (!is_scheduled() || due < TimerEntry::due())) worker_->timers().schedule(*this, due);
}

void Pollable::on_timer() {
  const TimePoint now = worker_->now();
  const bool write_is_due = write_due_ <= now;
  if (write_is_due) write_due_ = TimePoint::max();
  schedule(read_due_ <= now ? write_due_ : std::min(read_due_, write_due_));
  Pollable* const source = write_is_due ? wake_writer(ErrorKind::kTimeout) : this;
  if (source == nullptr || source->read_due_ > now) return;  // or that wait has ended, and another one begun
  source->read_due_ = TimePoint::max();
  source->wake(source->reader_, fail(ErrorKind::kTimeout));
}

void Pollable::cancel() noexcept {
  cancelled_ = true;
  wake_all(ErrorKind::kCancelled);
}

void Pollable::unregister() noexcept {
  if (!std::exchange(registered_, false)) return;
  static_cast<void>(worker_->reactor().remove(fd_.get()));
  worker_->forget(slot_);
}

net::UniqueFd Pollable::release() noexcept {
  unregister();
  return std::move(fd_);
}

}  // namespace flare::runtime
