// A hashed timer wheel: schedule and cancel in constant time, a tick touches only what may be due.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace flare::runtime {

/// Monotonic time in whole milliseconds, read once per reactor turn.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, std::chrono::milliseconds>;

TimePoint monotonic_now() noexcept;

/// Intrusive: derive from it, and the wheel allocates nothing. Unlinks itself on destruction; may be moved while
/// scheduled.
class TimerEntry {
 public:
  TimerEntry() noexcept = default;
  TimerEntry(TimerEntry&& other) noexcept;
  TimerEntry& operator=(TimerEntry&&) = delete;
  TimerEntry(const TimerEntry&) = delete;
  virtual ~TimerEntry() { unlink(); }

  [[nodiscard]] bool is_scheduled() const noexcept { return next_ != nullptr; }
  /// Meaningful while scheduled.
  [[nodiscard]] TimePoint due() const noexcept { return due_; }

 protected:
  /// Called by advance(), unscheduled; may schedule or cancel any entry, itself included.
  virtual void on_timer() = 0;

 private:
  friend class TimerWheel;
  struct Link {};
  explicit TimerEntry(Link) noexcept : prev_(this), next_(this) {}  // a list's sentinel
  void link_before(TimerEntry& position) noexcept;
  void unlink() noexcept;

  TimerEntry* prev_ = nullptr;
  TimerEntry* next_ = nullptr;
  TimePoint due_{};
};

/// One thread. An entry fires at the first advance() at or after its due time, at most one tick late.
class TimerWheel {
 public:
  static constexpr std::chrono::milliseconds kTick{32};
  static constexpr std::size_t kSlots = 4096;  // 131 s a round: the default idle timeouts fit into one

  explicit TimerWheel(TimePoint now) noexcept;
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;
  ~TimerWheel();

  /// (Re)schedules; a time in the past fires at the next advance().
  void schedule(TimerEntry& entry, TimePoint due) noexcept;
  void cancel(TimerEntry& entry) noexcept { entry.unlink(); }
  /// Fires everything due at `now`. Time that goes backwards is ignored.
  void advance(TimePoint now);
  /// When advance() has work next (never later than the first due time); nullopt when nothing is scheduled.
  [[nodiscard]] std::optional<TimePoint> next_fire() const noexcept;
  /// O(slots + entries): for tests and reports.
  [[nodiscard]] std::size_t active_count() const noexcept;

 private:
  struct Slot final : TimerEntry {
    Slot() noexcept : TimerEntry(Link{}) {}
    void on_timer() override {}
  };
  using Tick = std::int64_t;
  static Tick tick_at_or_after(TimePoint time) noexcept;
  static Tick tick_at_or_before(TimePoint time) noexcept;
  static std::size_t slot_of(Tick tick) noexcept { return static_cast<std::size_t>(tick) % kSlots; }
  void fire_slot(Slot& slot, TimePoint now);

  Tick current_;  // every tick up to here has been visited
  std::array<Slot, kSlots> slots_;
  mutable std::array<std::uint64_t, kSlots / 64> occupied_{};  // a set bit may stand for a slot emptied by cancel
};

}  // namespace flare::runtime
