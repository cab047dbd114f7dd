// What one worker has of a pool: connections, by server, and the choice among them.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "flare/base/random.h"
#include "flare/handlers/upstream/retry_budget.h"
#include "flare/handlers/upstream/upstream_pool.h"
#include "flare/handlers/upstream/waiting_line.h"
#include "flare/http/client_connection.h"
#include "flare/http/connection_pool.h"
#include "flare/io/buffer.h"
#include "flare/io/buffer_pool.h"
#include "flare/runtime/worker.h"

namespace flare::handlers {

/// Belongs to its worker. Whoever has a place of it keeps it, and the pool, alive.
template <class Stream>
class WorkerUpstream final : public runtime::WorkerLocal,
                             public UpstreamPool::Waiters,
                             private runtime::TimerEntry,
                             public std::enable_shared_from_this<WorkerUpstream<Stream>> {
 public:
  using Connection = http::ClientConnection<Stream>;
  using Idle = http::ConnectionPool<Connection>;

  /// A server as this worker knows it.
  struct Served {
    Served(WorkerUpstream& in, UpstreamPool::Member of, const http::ConnectionPoolOptions& keepalive)
        : upstream(in), member(std::move(of)), idle(in.worker, keepalive) {}
    WorkerUpstream& upstream;
    UpstreamPool::Member member;
    Idle idle;
    std::size_t places = 0;  ///< taken, on this worker
    bool retired = false;    ///< it is no member any more, or has moved: no connection to it is kept
  };

  /// A request's place at a server: it counts there as long as this lives.
  class Place {
   public:
    Place() noexcept = default;
    Place(Place&& other) noexcept : served_(std::exchange(other.served_, nullptr)) {}
    Place& operator=(Place&& other) noexcept {
      leave();
      served_ = std::exchange(other.served_, nullptr);
      return *this;
    }
    ~Place() { leave(); }
    [[nodiscard]] explicit operator bool() const noexcept { return served_ != nullptr; }
    [[nodiscard]] Served& served() const noexcept { return *served_; }
    [[nodiscard]] UpstreamServer& server() const noexcept { return *served_->member.server; }
    [[nodiscard]] WorkerUpstream& upstream() const noexcept { return served_->upstream; }
    /// An answer whose head counted as a success broke off.
    void failed() const {
      upstream().used_.pool->failed(server(), Breaker::Admission::kYes, nanoseconds(upstream().worker.now()));
    }
    /// After finish() said yes.
    void keep(typename Idle::Lease lease) const {
      if (!served_->retired) served_->idle.put(std::move(lease));
    }

   private:
    friend class WorkerUpstream;
    explicit Place(Served& served) noexcept : served_(&served) {}
    void leave() noexcept {
      if (served_ == nullptr) return;
      Served& left = *std::exchange(served_, nullptr);
      left.upstream.leave(left);
    }

    Served* served_ = nullptr;
  };

  /// A connection, with its place. Closed where it is not given back.
  struct Borrowed {
    Place place;
    typename Idle::Lease lease;  ///< ends before the place, which keeps its buffers

    [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(lease); }
    [[nodiscard]] Connection& operator*() const noexcept { return *lease; }
    [[nodiscard]] Connection* operator->() const noexcept { return &*lease; }
    /// The exchange is over.
    void give_back() {
      if (lease->finish()) place.keep(std::move(lease));
      lease = {};
      place = {};
    }
  };

  /// This worker's share of `pool`, made when it is first asked for.
  static std::shared_ptr<WorkerUpstream> of(const std::shared_ptr<UpstreamPool>& pool, runtime::Worker& worker);

  WorkerUpstream(const std::shared_ptr<UpstreamPool>& pool, runtime::Worker& worker)
      : worker(worker),
        buffers(pool->options().limits.head.header_bytes),
        budget(pool->options().retry.budget),
        pool_(pool),
        balancer_({}, pool->options().balance, 0),
        line_(worker) {}
  ~WorkerUpstream() override {
    if (const auto pool = pool_.lock()) pool->remove_waiters(*this);
  }

  /// An empty one, and why, where there is none at once: nobody goes before those who wait.
  Place take_place(const std::shared_ptr<UpstreamPool>& pool, const PickRequest& request, NoServer& why) {
    if (pool->waiting.load(std::memory_order_relaxed) == 0) [[likely]]
      return take_free(pool, request, why);
    why = NoServer::kAllBusy;
    return {};
  }
  /// Waits for one where the servers are busy and the queue has room. What `request` refers to outlives the task.
  runtime::Task<Result<Place>> wait_for_place(std::shared_ptr<UpstreamPool> pool, PickRequest request,
                                              runtime::Cancellation& client);
  [[nodiscard]] const UpstreamServer* find_server(const UpstreamPool& pool, std::string_view cookie);
  void serve_line() override;
  [[nodiscard]] bool is_expired() const noexcept override { return pool_.expired(); }

  /// For one request's head, until it has been sent: another one may be made while this one waits for that.
  io::Buffer take_head() {
    constexpr std::size_t kUsualHead = 2048;
    if (heads_.empty()) return io::Buffer(kUsualHead);
    io::Buffer head = std::move(heads_.back());
    heads_.pop_back();
    return head;
  }
  void put_head(io::Buffer head) {
    constexpr std::size_t kKeptHeads = 16;
    head.clear();
    if (heads_.size() < kKeptHeads) heads_.push_back(std::move(head));
  }

  runtime::Worker& worker;
  io::BufferPool buffers;
  RetryBudget budget;

 private:
  /// In the frame of a request that waits.
  struct Waiter final : WaitingLine::Wait {
    Waiter(WorkerUpstream& of, const PickRequest& wanted, runtime::TimePoint due, runtime::Cancellation& client)
        : Wait(of.line_, due, client), request(wanted) {}
    PickRequest request;
    Place place;
    NoServer why = NoServer::kAllBusy;
  };
  /// Counts one who waits.
  class Counted {
   public:
    Counted(std::atomic<std::uint32_t>& here, std::atomic<std::uint32_t>& everywhere) noexcept
        : here_(here), everywhere_(everywhere) {
      here_.fetch_add(1, std::memory_order_relaxed);
      is_first_ = everywhere_.fetch_add(1, std::memory_order_seq_cst) == 0;
    }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() {
      here_.fetch_sub(1, std::memory_order_relaxed);
      everywhere_.fetch_sub(1, std::memory_order_relaxed);
    }
    [[nodiscard]] bool is_first() const noexcept { return is_first_; }

   private:
    std::atomic<std::uint32_t>& here_;
    std::atomic<std::uint32_t>& everywhere_;
    bool is_first_ = false;
  };
  static constexpr std::chrono::milliseconds kLooksAgain{100};

  void refresh(const UpstreamPool& pool);
  Place enter(const std::shared_ptr<UpstreamPool>& pool, Served& served);
  void leave(Served& served) noexcept;
  Place take_free(const std::shared_ptr<UpstreamPool>& pool, const PickRequest& request, NoServer& why);
  void on_timer() override;

  /// What keeps pool and worker's share, for all who have a place: counting them costs less than a share for each.
  struct InUse {
    std::shared_ptr<WorkerUpstream> self;  ///< ends last
    std::shared_ptr<UpstreamPool> pool;
  };

  std::weak_ptr<UpstreamPool> pool_;
  InUse used_;
  std::size_t places_ = 0;
  std::uint64_t generation_ = 0;
  Balancer balancer_;
  std::vector<std::unique_ptr<Served>> served_;   ///< as the balancer counts them
  std::vector<std::unique_ptr<Served>> retired_;  ///< with places that are not left yet
  WaitingLine line_;
  std::vector<io::Buffer> heads_;
};

template <class Stream>
std::shared_ptr<WorkerUpstream<Stream>> WorkerUpstream<Stream>::of(const std::shared_ptr<UpstreamPool>& pool,
                                                                   runtime::Worker& worker) {
  // Of this type: a pool's servers are all asked in one way.
  if (const auto* const found = worker.find_local(pool.get())) [[likely]]
    return std::static_pointer_cast<WorkerUpstream>(*found);
  auto made = std::make_shared<WorkerUpstream>(pool, worker);
  worker.keep_local(pool.get(), made);
  pool->add_waiters(worker, made);
  return made;
}

/// Takes up another generation of members; connections to those that stay, stay.
template <class Stream>
void WorkerUpstream<Stream>::refresh(const UpstreamPool& pool) {
  generation_ = pool.generation();
  std::vector<UpstreamPool::Member> members = pool.members();
  // Those whose name stands for nothing yet cannot serve. Where there are no others a request says why.
  const auto is_nowhere = [](const UpstreamPool::Member& member) { return member.where.empty(); };
  if (!std::ranges::all_of(members, is_nowhere)) std::erase_if(members, is_nowhere);
  std::vector<std::unique_ptr<Served>> served;
  Balancer::Servers servers;
  for (UpstreamPool::Member& member : members) {
    servers.push_back(member.server);
    const auto same = std::ranges::find_if(served_, [&](const std::unique_ptr<Served>& before) {
      return before && before->member.server == member.server && before->member.where == member.where;
    });
    served.push_back(same != served_.end()
                         ? std::move(*same)
                         : std::make_unique<Served>(*this, std::move(member), pool.options().keepalive));
  }
  for (std::unique_ptr<Served>& before : served_) {
    if (!before) continue;
    before->retired = true;
    before->idle.close_idle();
    if (before->places != 0) retired_.push_back(std::move(before));
  }
  served_ = std::move(served);
  balancer_ = Balancer(std::move(servers), pool.options().balance, random_word());
}

template <class Stream>
auto WorkerUpstream<Stream>::enter(const std::shared_ptr<UpstreamPool>& pool, Served& served) -> Place {
  if (places_++ == 0) used_ = {.self = this->shared_from_this(), .pool = pool};
  ++served.places;
  return Place(served);
}

template <class Stream>
void WorkerUpstream<Stream>::leave(Served& served) noexcept {
  served.member.server->in_flight.fetch_sub(1, std::memory_order_seq_cst);
  if (used_.pool->waiting.load(std::memory_order_seq_cst) != 0) used_.pool->wake_next();
  if (--served.places == 0 && served.retired)
    std::erase_if(retired_, [&](const std::unique_ptr<Served>& each) { return each.get() == &served; });
  if (--places_ != 0) return;
  const InUse last = std::exchange(used_, {});  // the last thing: this may end with it
}

template <class Stream>
auto WorkerUpstream<Stream>::take_free(const std::shared_ptr<UpstreamPool>& pool, const PickRequest& request,
                                       NoServer& why) -> Place {
  if (pool->generation() != generation_) [[unlikely]]
    refresh(*pool);
  const Pick pick = balancer_.pick(request);
  why = pick.why;
  if (pick.server == nullptr) return {};
  const auto before = pick.server->in_flight.fetch_add(1, std::memory_order_relaxed);
  Place place = enter(pool, *served_[pick.index]);
  if (pick.server->max_conns != 0 && before >= pick.server->max_conns) {  // another worker was faster
    why = NoServer::kAllBusy;
    return {};
  }
  return place;
}

template <class Stream>
runtime::Task<Result<typename WorkerUpstream<Stream>::Place>> WorkerUpstream<Stream>::wait_for_place(
    std::shared_ptr<UpstreamPool> pool, PickRequest request, runtime::Cancellation& client) {
  const QueueOptions& queue = pool->options().queue;
  if (waiting.load(std::memory_order_relaxed) >= queue.depth)
    co_return fail(ErrorKind::kResource, Reason::kUpstreamBusy);
  const Counted counted(waiting, pool->waiting);
  Waiter waiter(*this, request, worker.now() + queue.wait, client);
  // Once more: a place may have become free before this one was seen to wait.
  if (counted.is_first()) waiter.place = take_free(pool, request, waiter.why);
  if (!waiter.place && waiter.why == NoServer::kAllBusy) {
    if (!is_scheduled()) worker.timers().schedule(*this, worker.now() + kLooksAgain);
    static_cast<void>(co_await waiter);  // it has a place, or it does not
  }
  if (waiter.place) co_return std::move(waiter.place);
  if (waiter.why == NoServer::kNoneHealthy) co_return fail(ErrorKind::kUnreachable, Reason::kNoUpstream);
  if (client.is_cancelled()) co_return fail(ErrorKind::kCancelled);
  co_return fail(ErrorKind::kTimeout, Reason::kUpstreamQueueTimeout);
}

/// First come, first served; but one who can have no place, as it has tried those that are free, holds up nobody.
template <class Stream>
void WorkerUpstream<Stream>::serve_line() {
  const auto pool = pool_.lock();
  if (!pool) return;
  for (auto* each = line_.first(); each != nullptr; each = each->behind()) {
    auto& waiter = static_cast<Waiter&>(*each);
    waiter.request.now = nanoseconds(worker.now());
    waiter.place = take_free(pool, waiter.request, waiter.why);
    if (!waiter.place && waiter.why == NoServer::kAllBusy) {
      if (waiter.request.tried.empty()) return;  // there is no place for anybody
      continue;
    }
    pool->wake_one_more();
    return waiter.wake();
  }
  if (line_.first() == nullptr && pool->waiting.load(std::memory_order_relaxed) != 0) pool->wake_one_more();
}

/// Nobody says when an ejection ends or a server is up again: the line looks for itself.
template <class Stream>
void WorkerUpstream<Stream>::on_timer() {
  if (line_.first() == nullptr) return;
  worker.timers().schedule(*this, worker.now() + kLooksAgain);
  serve_line();
}

template <class Stream>
const UpstreamServer* WorkerUpstream<Stream>::find_server(const UpstreamPool& pool, std::string_view cookie) {
  if (pool.generation() != generation_) refresh(pool);
  for (const std::unique_ptr<Served>& served : served_) {
    if (pool.is_cookie_for(*served->member.server, cookie)) return served->member.server.get();
  }
  return nullptr;
}

}  // namespace flare::handlers
