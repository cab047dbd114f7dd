#include "flare/runtime/worker.h"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <thread>
#include <utility>

namespace flare::runtime {

/// A root's place in its worker's list of living roots.
struct RootLink {
  RootLink(Worker& owner, std::coroutine_handle<> handle) noexcept : worker(owner), frame(handle), next(owner.roots_) {
    if (next != nullptr) next->prev = this;
    worker.roots_ = this;
    ++worker.active_tasks_;
  }
  RootLink(const RootLink&) = delete;
  RootLink& operator=(const RootLink&) = delete;
  ~RootLink() {
    (prev != nullptr ? prev->next : worker.roots_) = next;
    if (next != nullptr) next->prev = prev;
    --worker.active_tasks_;
  }

  Worker& worker;
  std::coroutine_handle<> frame;
  RootLink* prev = nullptr;
  RootLink* next;
};

namespace {

/// The coroutine around a root task: frees itself at its end.
struct Root {
  struct promise_type {
    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* frame, std::size_t size) noexcept { release_frame(frame, size); }
    Root get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
};

struct OwnHandle {
  std::coroutine_handle<> handle;
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> own) noexcept {
    handle = own;
    return false;
  }
  std::coroutine_handle<> await_resume() const noexcept { return handle; }
};

Root run_root(Worker& worker, Task<void> task) {
  const RootLink link(worker, co_await OwnHandle{});
  co_await std::move(task);
}

/// The worker in whose run(), run_once() or spawn() this thread is.
thread_local Worker* running = nullptr;

class Running {
 public:
  explicit Running(Worker& worker) noexcept : before_(std::exchange(running, &worker)) {}
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { running = before_; }

 private:
  Worker* before_;
};

constexpr Token make_token(std::uint32_t slot, std::uint32_t generation) noexcept {
  return Token{generation} << 32 | slot;
}

}  // namespace

bool RemoteWorker::post(std::move_only_function<void()> work) {
  posting_.fetch_add(1);
  Worker* const worker = worker_.load();
  if (worker != nullptr) worker->post(std::move(work));
  posting_.fetch_sub(1);
  return worker != nullptr;
}

void RemoteWorker::end() noexcept {
  worker_.store(nullptr);
  while (posting_.load() != 0) std::this_thread::yield();
}

Worker::Worker(std::uint32_t id)
    : id_(id),
      reactor_(make_reactor()),
      now_(monotonic_now()),
      timers_(now_),
      remote_(std::make_shared<RemoteWorker>(*this)) {}

Worker::~Worker() {
  remote_->end();
  // Innermost first: a child may stand in the list too, and destroying its parent unlinks it.
  while (roots_ != nullptr) roots_->frame.destroy();
  locals_.clear();
  while (before_wait_ != nullptr) std::exchange(before_wait_, before_wait_->next_)->worker_ = nullptr;
}

void Worker::spawn(Task<void> task) {
  const Running scope(*this);  // before the first turn too, and from within another worker's
  run_root(*this, std::move(task));
}

Worker& Worker::current() {
  if (running == nullptr) throw std::logic_error("Worker::current(): no worker runs on this thread");
  return *running;
}

Worker* Worker::find_current() noexcept { return running; }

void Worker::run() {
  const Running scope(*this);
  while (!stopping_ && !(is_draining() && active_tasks_ == 0)) turn(std::nullopt);
  remote_->end();
  posted_.take_all([](auto&&) {});  // whoever waits for it to be done is to hear that it never will
  locals_.clear();                  // here, as what they are made of may be the thread's
}

void Worker::run_once(std::chrono::milliseconds wait) {
  const Running scope(*this);
  turn(wait);
}

const std::shared_ptr<WorkerLocal>* Worker::find_local(const void* key) const noexcept {
  const auto found = locals_.find(key);
  return found == locals_.end() || found->second->is_expired() ? nullptr : &found->second;
}

const std::shared_ptr<WorkerLocal>& Worker::keep_local(const void* key, std::shared_ptr<WorkerLocal> local) {
  std::erase_if(locals_, [](const auto& each) { return each.second->is_expired(); });
  return locals_.insert_or_assign(key, std::move(local)).first->second;
}

BeforeWait::~BeforeWait() {
  if (worker_ == nullptr) return;
  BeforeWait** link = &worker_->before_wait_;
  while (*link != this) link = &(*link)->next_;
  *link = next_;
}

void Worker::before_wait(BeforeWait& what) noexcept {
  if (what.worker_ != nullptr) return;
  what.worker_ = this;
  what.next_ = std::exchange(before_wait_, &what);
}

void Worker::turn(std::optional<std::chrono::milliseconds> longest) {
  for (std::size_t i = 0; i < ending_.size(); ++i) std::coroutine_handle<>(ending_[i]).resume();  // may add more
  ending_.clear();
  while (before_wait_ != nullptr) {
    BeforeWait& what = *std::exchange(before_wait_, before_wait_->next_);
    what.worker_ = nullptr;
    what.on_wait();
  }
  std::optional<std::chrono::milliseconds> timeout = longest;
  if (const auto next = timers_.next_fire()) {
    const auto until = std::max(*next - now_, std::chrono::milliseconds(0));
    timeout = timeout ? std::min(*timeout, until) : until;
  }
  const bool is_over = is_draining() && active_tasks_ == 0;  // the last task may have ended just now
  if (!yielded_.empty() || is_over) timeout = std::chrono::milliseconds(0);

  const auto events = reactor_->poll(timeout);
  now_ = monotonic_now();
  counters_.turns.add();
  std::vector<std::coroutine_handle<>> yielded;
  yielded.swap(yielded_);
  for (const Event& event : events) dispatch(event);
  timers_.advance(now_);
  for (const auto coroutine : yielded) coroutine.resume();
}

void Worker::dispatch(const Event& event) noexcept {
  if (event.token == kWakeupToken) return run_posted();
  const auto slot = static_cast<std::uint32_t>(event.token);
  if (is_current(slot, static_cast<std::uint32_t>(event.token >> 32))) slots_[slot].source->on_event(event);
}

Result<std::uint32_t> Worker::watch(Pollable& source, Trigger trigger) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t slot = free_slots_.back();
  const Interest interest = trigger == Trigger::kEdge ? Interest::kReadWrite : Interest::kRead;
  counters_.controls.add();
  if (auto added = reactor_->add(source.fd(), make_token(slot, slots_[slot].generation), interest, trigger); !added) {
    return std::unexpected(added.error());
  }
  free_slots_.pop_back();
  slots_[slot].source = &source;
  return slot;
}

void Worker::forget(std::uint32_t slot) noexcept {
  slots_[slot].source = nullptr;
  ++slots_[slot].generation;
  free_slots_.push_back(slot);
}

void Worker::post(std::move_only_function<void()> work) {
  if (posted_.put(std::move(work))) reactor_->wakeup();
}

void Worker::run_posted() {
  posted_.take_all([](std::move_only_function<void()> work) { work(); });
}

void Worker::drain() {
  if (!draining_.exchange(true)) post([this] { cancel_idle(); });
}

void Worker::stop() {
  post([this] { stopping_ = true; });
}

void Worker::cancel_idle() {
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    Pollable* source = slots_[slot].source;
    if (source != nullptr && source->is_idle()) source->cancel();
  }
  drain_begun_.cancel();
}

}  // namespace flare::runtime
