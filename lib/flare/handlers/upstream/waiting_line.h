// Requests that wait for a place at a server, on one worker: first come, first served, none for longer than it may.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>

#include "flare/runtime/cancellation.h"
#include "flare/runtime/timer_wheel.h"
#include "flare/runtime/worker.h"

namespace flare::handlers {

/// Belongs to one worker.
class WaitingLine {
 public:
  explicit WaitingLine(runtime::Worker& worker) noexcept : worker_(worker) {}
  WaitingLine(const WaitingLine&) = delete;
  WaitingLine& operator=(const WaitingLine&) = delete;

  /// co_await it: true where it was woken, false where `due` has passed or the client has left.
  class Wait : runtime::TimerEntry, runtime::Cancellation::Listener {
   public:
    Wait(WaitingLine& line, runtime::TimePoint due, runtime::Cancellation& client) noexcept
        : Listener(client), line_(line), due_(due), left_(client.is_cancelled()) {}
    ~Wait() override { unlink(); }
    [[nodiscard]] bool await_ready() const noexcept { return left_; }
    void await_suspend(std::coroutine_handle<> waiting) noexcept {
      waiting_ = waiting;
      (line_.last_ != nullptr ? line_.last_->next_ : line_.first_) = this;
      before_ = line_.last_;
      line_.last_ = this;
      linked_ = true;
      line_.worker_.timers().schedule(*this, due_);
    }
    [[nodiscard]] bool await_resume() const noexcept { return woken_; }

    /// Whoever stands in line behind this one; nullptr: it is the last.
    [[nodiscard]] Wait* behind() const noexcept { return next_; }
    /// It goes on, now: the line may be another one on return.
    void wake() { go_on(true); }

   private:
    void unlink() noexcept {
      if (!linked_) return;
      linked_ = false;
      (before_ != nullptr ? before_->next_ : line_.first_) = next_;
      (next_ != nullptr ? next_->before_ : line_.last_) = before_;
    }
    void go_on(bool woken) {
      unlink();
      line_.worker_.timers().cancel(*this);
      woken_ = woken;
      waiting_.resume();
    }
    void on_timer() override { go_on(false); }
    void on_cancel() override {
      if (waiting_) go_on(false);
    }

    WaitingLine& line_;
    runtime::TimePoint due_;
    bool left_;
    bool linked_ = false;
    bool woken_ = false;
    std::coroutine_handle<> waiting_;
    Wait* before_ = nullptr;
    Wait* next_ = nullptr;
  };

  [[nodiscard]] Wait* first() const noexcept { return first_; }

 private:
  runtime::Worker& worker_;
  Wait* first_ = nullptr;
  Wait* last_ = nullptr;
};

}  // namespace flare::handlers
