// A descriptor that coroutines of one worker wait on, with a deadline for each direction.
#pragma once

#include <coroutine>
#include <cstdint>
#include <optional>

#include "flare/base/error.h"
#include "flare/net/unique_fd.h"
#include "flare/runtime/cancellation.h"
#include "flare/runtime/reactor.h"
#include "flare/runtime/timer_wheel.h"

namespace flare::runtime {

class Worker;

/// Who is called when a wait ends, instead of a coroutine that is resumed: for those who wait long, and often, and want
/// no coroutine for it.
class ReadyListener {
 public:
  /// As readable() tells it. May wait anew, or end what it waited on.
  virtual void on_ready(Result<void> outcome) = 0;

 protected:
  ~ReadyListener() = default;
};

/// Edge-triggered readiness as two flags: set by the reactor, cleared by whoever found the descriptor drained. The
/// descriptor is registered at the first wait, once, for its life: a connection that never waits costs no epoll_ctl,
/// and none is paid later. At most one coroutine waits for reading and one for writing. Belongs to one worker; movable
/// while nobody waits.
class Pollable final : private TimerEntry {
 public:
  Pollable(Worker& worker, net::UniqueFd fd, Trigger trigger = Trigger::kEdge) noexcept;
  Pollable(Pollable&& other) noexcept;
  Pollable& operator=(Pollable&&) = delete;
  ~Pollable() override;

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] Worker& worker() const noexcept { return *worker_; }

  enum class Direction : std::uint8_t { kRead, kWrite };
  class Wait {
   public:
    Wait(Pollable& source, Direction direction) noexcept : source_(source), direction_(direction) {}
    bool await_ready() noexcept { return source_.is_ready(direction_) || !source_.begin_wait(outcome_); }
    void await_suspend(std::coroutine_handle<> waiting) noexcept { source_.park(direction_, waiting, &outcome_); }
    Result<void> await_resume() const noexcept { return outcome_; }

   private:
    Pollable& source_;
    Direction direction_;
    Result<void> outcome_;
  };
  /// co_await: success when the operation is worth trying; kTimeout when the deadline passed, kCancelled after
  /// cancel().
  Wait readable() noexcept { return {*this, Direction::kRead}; }
  Wait writable() noexcept { return {*this, Direction::kWrite}; }
  /// The same for a listener: nullopt, it will be called; else that is the outcome, at once. It outlives the wait.
  std::optional<Result<void>> readable(ReadyListener& listener) noexcept;

  /// The last read took all there was (a short count or EAGAIN): wait for the next edge. A hang-up keeps it readable.
  void drained() noexcept { read_ready_ = hung_up_; }
  void write_blocked() noexcept { write_ready_ = false; }

  /// Waits end with kTimeout at `due`; TimePoint::max(): they do not. Moving it later, the common case, costs nothing:
  /// the wheel is asked when the old one fires.
  void set_deadline(TimePoint due) noexcept {
    read_due_ = write_due_ = due;
    schedule(due);
  }
  /// The same of one direction, for a coroutine that waits while another one waits for the other direction.
  void set_deadline(Direction direction, TimePoint due) noexcept {
    (direction == Direction::kRead ? read_due_ : write_due_) = due;
    schedule(due);
  }
  void clear_deadline() noexcept { read_due_ = write_due_ = TimePoint::max(); }

  /// While set, the start of a drain cancels the wait: nothing would be lost.
  void set_idle(bool idle) noexcept { idle_ = idle; }
  [[nodiscard]] bool is_idle() const noexcept { return idle_; }
  /// Ends the present waits and all later ones with kCancelled.
  void cancel() noexcept;
  /// Ends the present wait in one direction, where there is one, with kCancelled; a later one is as any other.
  void interrupt(Direction direction) noexcept {
    wake(direction == Direction::kRead ? reader_ : writer_, fail(ErrorKind::kCancelled));
  }

  /// Cancels `who` as soon as the peer has ended its side or the connection broke, which may be at once, although
  /// nobody waits for reading. nullptr: no longer. `who` outlives the watch.
  void watch_hang_up(Cancellation* who) noexcept;
  /// The same, and also as soon as anything arrives: for a connection that ought to be silent. What had arrived before
  /// it was registered, or after may_be_readable() said no, counts; for the rest look first.
  void watch_input(Cancellation* who) noexcept;
  /// False: all that had arrived at the last turn has been read.
  [[nodiscard]] bool may_be_readable() const noexcept { return read_ready_; }

  /// The reactor forgets it until the next wait: a level-triggered descriptor that nobody waits for would wake the
  /// worker over and over. Nobody may be waiting.
  void unregister() noexcept;
  /// Hands the descriptor on; the pollable is empty afterwards.
  net::UniqueFd release() noexcept;

 private:
  friend class Worker;
  /// A coroutine with the place for its outcome, or a listener, or nobody.
  struct Waiter {
    std::coroutine_handle<> coroutine;
    union {
      Result<void>* outcome = nullptr;
      ReadyListener* listener;  ///< where there is no coroutine
    };
    explicit operator bool() const noexcept { return coroutine || listener != nullptr; }
    void tell(Result<void> what) const {
      if (!coroutine) return listener->on_ready(what);
      *outcome = what;
      coroutine.resume();
    }
  };

  [[nodiscard]] bool is_ready(Direction direction) const noexcept {
    return !cancelled_ && (direction == Direction::kRead ? read_ready_ : write_ready_);
  }
  /// False where waiting is pointless: `outcome` says why.
  bool begin_wait(Result<void>& outcome) noexcept;
  Result<void> ensure_registered() noexcept;
  void park(Direction direction, std::coroutine_handle<> waiting, Result<void>* outcome) noexcept {
    (direction == Direction::kRead ? reader_ : writer_) = {.coroutine = waiting, .outcome = outcome};
  }
  void schedule(TimePoint due) noexcept;
  void on_event(const Event& event) noexcept;
  void on_timer() override;
  /// Resumes whoever waits in that direction; this object may be gone afterwards.
  void wake(Waiter& waiter, Result<void> outcome) noexcept;
  Pollable* wake_writer(ErrorKind kind) noexcept;
  void wake_all(ErrorKind kind) noexcept;

  Worker* worker_;
  net::UniqueFd fd_;
  std::uint32_t slot_ = 0;  ///< in the worker's table; meaningful while registered
  Trigger trigger_;
  bool registered_ = false;
  bool read_ready_;
  bool write_ready_ = true;
  bool hung_up_ = false;
  bool cancelled_ = false;
  bool idle_ = false;
  TimePoint read_due_ = TimePoint::max();
  TimePoint write_due_ = TimePoint::max();
  Waiter reader_;
  Waiter writer_;
  Cancellation* hang_up_watch_ = nullptr;
  bool watches_input_ = false;  ///< hang_up_watch_ is for anything that arrives
};

}  // namespace flare::runtime
