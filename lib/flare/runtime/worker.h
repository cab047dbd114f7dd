// One thread's world: a reactor, timers and the coroutines that run on them. Knows no protocol.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "flare/base/reason.h"
#include "flare/runtime/cancellation.h"
#include "flare/runtime/counter.h"
#include "flare/runtime/mailbox.h"
#include "flare/runtime/pollable.h"
#include "flare/runtime/reactor.h"
#include "flare/runtime/task.h"
#include "flare/runtime/timer_wheel.h"

namespace flare::runtime {

class OffloadPool;

/// What a worker did since it started. Any thread may read.
struct WorkerCounters {
  Counter turns;        ///< returns from the reactor's wait
  Counter accepts;      ///< accept4 that gave a connection
  Counter receives;     ///< recv calls
  Counter sends;        ///< send, writev and sendfile calls
  Counter would_block;  ///< calls that came too early (EAGAIN)
  Counter controls;     ///< registrations with the reactor (epoll_ctl)
  Counter bytes_in;
  Counter bytes_out;
  Counter connections;  ///< opened
  Counter requests;
  Counter handshakes;                                                      ///< of TLS, completed
  Counter resumptions;                                                     ///< of these, with a ticket
  std::array<Counter, static_cast<std::size_t>(Reason::kCount_)> refused;  ///< connections not served, by reason
};

/// What a turn leaves to be done once, before the worker waits again. Intrusive: derive from it. Unlinks itself on
/// destruction.
class BeforeWait {
 public:
  BeforeWait() noexcept = default;
  BeforeWait(const BeforeWait&) = delete;
  BeforeWait& operator=(const BeforeWait&) = delete;
  virtual ~BeforeWait();

 protected:
  /// Called once for each before_wait(); must not resume a coroutine that may end the worker's owner.
  virtual void on_wait() = 0;

 private:
  friend class Worker;
  Worker* worker_ = nullptr;  ///< where it is registered
  BeforeWait* next_ = nullptr;
};

/// What somebody keeps for each worker, such as connections that wait for their next use.
class WorkerLocal {
 public:
  virtual ~WorkerLocal() = default;
  /// Whoever it was for is no more.
  [[nodiscard]] virtual bool is_expired() const noexcept = 0;
};

/// A worker as other threads may keep it: it can end meanwhile.
class RemoteWorker {
 public:
  explicit RemoteWorker(Worker& worker) noexcept : worker_(&worker) {}
  RemoteWorker(const RemoteWorker&) = delete;
  RemoteWorker& operator=(const RemoteWorker&) = delete;

  /// Any thread: Worker::post(), without a lock. False: it has ended, and `work` is gone.
  bool post(std::move_only_function<void()> work);

 private:
  friend class Worker;
  /// From its return on nobody uses the worker.
  void end() noexcept;

  std::atomic<Worker*> worker_;
  std::atomic<std::uint32_t> posting_ = 0;  ///< threads within post()
};

/// Everything here belongs to the worker's own thread, but for post(), drain(), stop() and counters().
class Worker {
 public:
  explicit Worker(std::uint32_t id = 0);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  /// The worker that runs on this thread: for handlers and whatever else was not given one. Throws std::logic_error
  /// where none does.
  static Worker& current();
  /// The same; nullptr where none does.
  static Worker* find_current() noexcept;

  [[nodiscard]] std::uint32_t id() const noexcept { return id_; }
  [[nodiscard]] Reactor& reactor() noexcept { return *reactor_; }
  [[nodiscard]] TimerWheel& timers() noexcept { return timers_; }
  /// The time of this turn.
  [[nodiscard]] TimePoint now() const noexcept { return now_; }
  [[nodiscard]] WorkerCounters& counters() noexcept { return counters_; }
  [[nodiscard]] const WorkerCounters& counters() const noexcept { return counters_; }
  /// Where this worker's blocking calls go; nullptr: nowhere, whoever has to wait does so here.
  [[nodiscard]] OffloadPool* offload_pool() const noexcept { return offload_pool_; }
  /// Before the worker runs; `pool` ends after its tasks are done with it, and before the worker.
  void set_offload_pool(OffloadPool* pool) noexcept { offload_pool_ = pool; }

  /// Starts a root coroutine: the worker owns it until it ends. Runs at once up to its first wait. An exception that
  /// leaves it ends the process.
  void spawn(Task<void> task);
  [[nodiscard]] std::size_t active_tasks() const noexcept { return active_tasks_; }
  /// Runs until stop(), or until a drain has emptied it.
  void run();
  /// One reactor turn of at most `wait`: for loops that someone else owns.
  void run_once(std::chrono::milliseconds wait);

  /// Any thread, lock-free: `work` runs on the worker at its next turn, what one thread posts in order. Work that a
  /// worker has not done when it ends is dropped.
  void post(std::move_only_function<void()> work);
  /// For those who may outlive this worker.
  [[nodiscard]] const std::shared_ptr<RemoteWorker>& remote() const noexcept { return remote_; }
  /// Any thread: no new work (accept loops end, idle connections close), run() returns when the last task has ended.
  /// is_draining() holds from the return of this call on; waits are cancelled at the worker's next turn. Idempotent.
  void drain();
  /// Any thread: run() returns after this turn; tasks that are left are destroyed with the worker.
  void stop();
  [[nodiscard]] bool is_draining() const noexcept { return draining_.load(std::memory_order_relaxed); }
  /// Cancelled when a drain begins, behind the waits that are idle.
  [[nodiscard]] Cancellation& drain_begun() noexcept { return drain_begun_; }

  /// What is kept here under `key`; nullptr where nothing is, or where that has expired.
  [[nodiscard]] const std::shared_ptr<WorkerLocal>* find_local(const void* key) const noexcept;
  /// Keeps it until it expires, or run() returns: it ends on the worker's thread. What has expired makes room.
  const std::shared_ptr<WorkerLocal>& keep_local(const void* key, std::shared_ptr<WorkerLocal> local);

  /// `what` is told before this worker waits the next time; once, however often it is registered.
  void before_wait(BeforeWait& what) noexcept;

  /// co_await worker.sleep(d): continues after `d`, at the latest a tick later.
  auto sleep(std::chrono::milliseconds duration) noexcept;
  /// The same, or until the cancellation; false: cancelled.
  auto sleep(std::chrono::milliseconds duration, Cancellation& cancellation) noexcept;
  /// co_await worker.yield(): lets everyone else have a turn first.
  auto yield() noexcept;
  /// co_await worker.end_of_turn(): continues when everyone else has had this turn, before the worker waits. What is
  /// sent then goes out in one go: whoever is to read it wakes up once, not once for each.
  auto end_of_turn() noexcept;

 private:
  friend class BeforeWait;
  friend class Pollable;
  friend struct RootLink;
  struct Slot {
    Pollable* source = nullptr;
    std::uint32_t generation = 0;
  };

  // For Pollable: a table of what is registered. A token is slot and generation, so that an event which was already
  // fetched when its descriptor closed finds nobody.
  Result<std::uint32_t> watch(Pollable& source, Trigger trigger);
  void forget(std::uint32_t slot) noexcept;
  void rebind(std::uint32_t slot, Pollable& source) noexcept { slots_[slot].source = &source; }
  [[nodiscard]] Pollable& source(std::uint32_t slot) noexcept { return *slots_[slot].source; }
  [[nodiscard]] std::uint32_t generation(std::uint32_t slot) const noexcept { return slots_[slot].generation; }
  [[nodiscard]] bool is_current(std::uint32_t slot, std::uint32_t generation) const noexcept {
    return slots_[slot].generation == generation;
  }

  void turn(std::optional<std::chrono::milliseconds> longest);
  void dispatch(const Event& event) noexcept;
  void run_posted();
  void cancel_idle();

  std::uint32_t id_;
  std::unique_ptr<Reactor> reactor_;
  TimePoint now_;
  TimerWheel timers_;
  WorkerCounters counters_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::vector<std::coroutine_handle<>> yielded_;
  std::vector<std::coroutine_handle<>> ending_;
  std::unordered_map<const void*, std::shared_ptr<WorkerLocal>> locals_;
  BeforeWait* before_wait_ = nullptr;
  struct RootLink* roots_ = nullptr;
  std::size_t active_tasks_ = 0;
  OffloadPool* offload_pool_ = nullptr;
  std::atomic<bool> draining_ = false;
  bool stopping_ = false;

  Cancellation drain_begun_;

  Mailbox<std::move_only_function<void()>> posted_;
  std::shared_ptr<RemoteWorker> remote_;
};

namespace detail {

class Sleep final : private TimerEntry {
 public:
  Sleep(Worker& worker, std::chrono::milliseconds duration) noexcept : worker_(worker), duration_(duration) {}
  bool await_ready() const noexcept { return duration_.count() <= 0; }
  void await_suspend(std::coroutine_handle<> waiting) noexcept {
    waiting_ = waiting;
    worker_.timers().schedule(*this, worker_.now() + duration_);
  }
  void await_resume() const noexcept {}

 private:
  void on_timer() override { waiting_.resume(); }

  Worker& worker_;
  std::chrono::milliseconds duration_;
  std::coroutine_handle<> waiting_;
};

class CancellableSleep final : private TimerEntry, private Cancellation::Listener {
 public:
  CancellableSleep(Worker& worker, std::chrono::milliseconds duration, Cancellation& cancellation) noexcept
      : Listener(cancellation), worker_(worker), duration_(duration), cancellation_(cancellation) {}
  bool await_ready() const noexcept { return duration_.count() <= 0 || cancellation_.is_cancelled(); }
  void await_suspend(std::coroutine_handle<> waiting) noexcept {
    waiting_ = waiting;
    worker_.timers().schedule(*this, worker_.now() + duration_);
  }
  bool await_resume() const noexcept { return !cancellation_.is_cancelled(); }

 private:
  void on_timer() override { waiting_.resume(); }
  void on_cancel() override {
    worker_.timers().cancel(*this);
    waiting_.resume();
  }

  Worker& worker_;
  std::chrono::milliseconds duration_;
  Cancellation& cancellation_;
  std::coroutine_handle<> waiting_;
};

struct Yield {
  std::vector<std::coroutine_handle<>>& queue;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) const { queue.push_back(waiting); }
  void await_resume() const noexcept {}
};

}  // namespace detail

inline auto Worker::sleep(std::chrono::milliseconds duration) noexcept { return detail::Sleep(*this, duration); }
inline auto Worker::sleep(std::chrono::milliseconds duration, Cancellation& cancellation) noexcept {
  return detail::CancellableSleep(*this, duration, cancellation);
}
inline auto Worker::yield() noexcept { return detail::Yield{yielded_}; }
inline auto Worker::end_of_turn() noexcept { return detail::Yield{ending_}; }

}  // namespace flare::runtime
