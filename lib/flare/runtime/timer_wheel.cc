#include "flare/runtime/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace flare::runtime {

TimePoint monotonic_now() noexcept {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now());
}

TimerEntry::TimerEntry(TimerEntry&& other) noexcept : due_(other.due_) {
  if (!other.is_scheduled()) return;
  link_before(other);
  other.unlink();
}

void TimerEntry::link_before(TimerEntry& position) noexcept {
  prev_ = position.prev_;
  next_ = &position;
  prev_->next_ = this;
  position.prev_ = this;
}

void TimerEntry::unlink() noexcept {
  if (next_ == nullptr) return;
  prev_->next_ = next_;
  next_->prev_ = prev_;
  prev_ = next_ = nullptr;
}

TimerWheel::Tick TimerWheel::tick_at_or_after(TimePoint time) noexcept {
  const std::int64_t ms = time.time_since_epoch().count();
  return (ms + kTick.count() - 1) / kTick.count();
}

TimerWheel::Tick TimerWheel::tick_at_or_before(TimePoint time) noexcept {
  return time.time_since_epoch().count() / kTick.count();
}

TimerWheel::TimerWheel(TimePoint now) noexcept : current_(tick_at_or_before(now)) {}

TimerWheel::~TimerWheel() {
  for (Slot& slot : slots_) {
    while (slot.next_ != &slot) slot.next_->unlink();
  }
}

void TimerWheel::schedule(TimerEntry& entry, TimePoint due) noexcept {
  entry.unlink();
  entry.due_ = due;
  const Tick tick = std::max(tick_at_or_after(due), current_ + 1);
  const std::size_t index = slot_of(tick);
  entry.link_before(slots_[index]);
  occupied_[index / 64] |= std::uint64_t{1} << (index % 64);
}

void TimerWheel::advance(TimePoint now) {
  const Tick target = tick_at_or_before(now);
  // After a long sleep every slot is visited once, not once per missed tick.
  Tick tick = std::max(current_, target - static_cast<Tick>(kSlots));
  current_ = std::max(current_, target);
  for (++tick; tick <= target; ++tick) {
    const std::size_t index = slot_of(tick);
    if ((occupied_[index / 64] >> (index % 64) & 1) != 0) fire_slot(slots_[index], now);
  }
}

void TimerWheel::fire_slot(Slot& slot, TimePoint now) {
  Slot batch;  // callbacks may schedule into this very slot: only what stands here now is looked at
  while (slot.next_ != &slot) {
    TimerEntry& entry = *slot.next_;
    entry.unlink();
    entry.link_before(batch);
  }
  while (batch.next_ != &batch) {
    TimerEntry& entry = *batch.next_;
    entry.unlink();
    if (entry.due_ <= now) {
      entry.on_timer();
    } else {
      entry.link_before(slot);  // due in a later round
    }
  }
  if (slot.next_ == &slot) {
    const auto index = static_cast<std::size_t>(&slot - slots_.data());
    occupied_[index / 64] &= ~(std::uint64_t{1} << (index % 64));
  }
}

std::optional<TimePoint> TimerWheel::next_fire() const noexcept {
  // One round of the bitmap, starting behind the current tick; bits of emptied slots are cleared on the way.
  for (std::size_t step = 1; step <= kSlots;) {
    const std::size_t index = slot_of(current_ + static_cast<Tick>(step));
    const std::uint64_t word = occupied_[index / 64] >> (index % 64);
    if (word == 0) {
      step += 64 - index % 64;
      continue;
    }
    const auto skip = static_cast<std::size_t>(std::countr_zero(word));
    step += skip;
    if (step > kSlots) break;
    const Slot& slot = slots_[index + skip];
    if (slot.next_ != &slot) return TimePoint(kTick * (current_ + static_cast<Tick>(step)));
    occupied_[(index + skip) / 64] &= ~(std::uint64_t{1} << ((index + skip) % 64));
    ++step;
  }
  return std::nullopt;
}

std::size_t TimerWheel::active_count() const noexcept {
  std::size_t count = 0;
  for (const Slot& slot : slots_) {
    for (const TimerEntry* entry = slot.next_; entry != &slot; entry = entry->next_) ++count;
  }
  return count;
}

}  // namespace flare::runtime
