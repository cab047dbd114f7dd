#include "flare/tcp/connect.h"

#include <algorithm>
#include <coroutine>
#include <optional>
#include <utility>

namespace flare::tcp {
namespace {

/// The attempts, and whoever waits for the next thing to happen to one of them.
class Race final : private runtime::TimerEntry {
 public:
  Race(runtime::Worker& worker, runtime::Cancellation* cancelled) : worker_(worker) {
    if (cancelled != nullptr) listener_.emplace(*cancelled, *this);
  }
  Race(const Race&) = delete;
  Race& operator=(const Race&) = delete;
  /// Ends what is still under way: each attempt's coroutine returns at once.
  ~Race() override {
    while (!runners_.empty()) {
      Runner& runner = *runners_.back();
      runner.leave();
      runner.stream.cancel();
    }
  }

  void start(const net::Endpoint& where) {
    news_ = false;  // of those before: that is why this one begins
    auto begun = TcpStream::begin_connect(worker_, where);
    if (begun) return worker_.spawn(attempt(*this, std::move(*begun)));
    last_error_ = begun.error();
    news_ = true;
  }

  /// co_await: until an attempt ends, the cancellation, or `due`.
  auto next(runtime::TimePoint due) noexcept {
    struct Wait {
      Race& race;
      runtime::TimePoint due;
      bool await_ready() const noexcept { return race.news_; }
      void await_suspend(std::coroutine_handle<> waiting) const noexcept {
        race.waiting_ = waiting;
        race.worker_.timers().schedule(race, due);
      }
      void await_resume() const noexcept {
        race.worker_.timers().cancel(race);
        race.news_ = false;
      }
    };
    return Wait{*this, due};
  }

  [[nodiscard]] bool is_running() const noexcept { return !runners_.empty(); }
  [[nodiscard]] std::optional<TcpStream>& winner() noexcept { return winner_; }
  [[nodiscard]] const Error& last_error() const noexcept { return last_error_; }

 private:
  /// In an attempt's frame, which may end before the race does, or after it.
  struct Runner {
    Runner(Race& owner, TcpStream&& begun) : race(&owner), stream(std::move(begun)) { race->runners_.push_back(this); }
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;
    ~Runner() { leave(); }
    void leave() noexcept {
      if (race != nullptr) std::erase(std::exchange(race, nullptr)->runners_, this);
    }
    Race* race;
    TcpStream stream;
  };
  struct Listener final : runtime::Cancellation::Listener {
    Listener(runtime::Cancellation& cancellation, Race& owner) noexcept
        : runtime::Cancellation::Listener(cancellation), race(owner) {}
    void on_cancel() override { race.tell(); }
    Race& race;
  };

  static runtime::Task<void> attempt(Race& race, TcpStream begun) {
    Runner runner(race, std::move(begun));
    const auto outcome = co_await runner.stream.finish_connect();
    if (runner.race == nullptr) co_return;
    runner.leave();
    race.ended(runner.stream, outcome);  // the last thing: the race may be over by that
  }
  void ended(TcpStream& stream, const Result<void>& outcome) {
    if (!outcome) last_error_ = outcome.error();
    if (outcome && !winner_) winner_.emplace(std::move(stream));
    tell();
  }
  void tell() {
    news_ = true;
    if (waiting_) std::exchange(waiting_, {}).resume();
  }
  void on_timer() override { std::exchange(waiting_, {}).resume(); }

  runtime::Worker& worker_;
  std::vector<Runner*> runners_;
  std::optional<Listener> listener_;
  std::coroutine_handle<> waiting_;
  std::optional<TcpStream> winner_;
  Error last_error_ = Error::of(ErrorKind::kAddressNotAvailable);
  bool news_ = false;
};

std::unexpected<Error> upstream(Error error) noexcept {
  error.source = ErrorSource::kUpstream;
  return std::unexpected(error);
}

}  // namespace

std::vector<net::Endpoint> interleave(const std::vector<net::SocketAddr>& addresses) {
  std::vector<net::Endpoint> order;
  order.reserve(addresses.size());
  const auto of_family = [&](bool v6, std::size_t from) {
    while (from < addresses.size() && addresses[from].ip().is_v6() != v6) ++from;
    return from;
  };
  bool v6 = !addresses.empty() && addresses.front().ip().is_v6();
  std::size_t at[2] = {of_family(false, 0), of_family(true, 0)};  // NOLINT(modernize-avoid-c-arrays): indexed by family
  while (order.size() < addresses.size()) {
    std::size_t& next = at[v6 ? 1 : 0];
    if (next < addresses.size()) {
      order.emplace_back(addresses[next]);
      next = of_family(v6, next + 1);
    }
    v6 = !v6;
  }
  return order;
}

runtime::Task<Result<TcpStream>> connect(runtime::Worker& worker, std::vector<net::Endpoint> where,
                                         ConnectOptions options, runtime::Cancellation* cancelled) {
  if (cancelled != nullptr && cancelled->is_cancelled()) co_return upstream(Error::of(ErrorKind::kCancelled));
  const runtime::TimePoint due = worker.now() + options.timeout;
  Race race(worker, cancelled);
  std::size_t begun = 0;
  for (;;) {
    if (begun != where.size()) race.start(where[begun++]);
    if (!race.is_running() && !race.winner()) {
      if (begun == where.size()) co_return upstream(race.last_error());
      continue;  // it failed at once
    }
    const bool last = begun == where.size();
    co_await race.next(last ? due : std::min(due, worker.now() + options.attempt_delay));
    if (race.winner()) {
      static_cast<void>(race.winner()->socket().set_tcp_nodelay(true));  // a unix socket has no such option
      co_return std::move(*race.winner());
    }
    if (cancelled != nullptr && cancelled->is_cancelled()) co_return upstream(Error::of(ErrorKind::kCancelled));
    if (worker.now() >= due) co_return upstream(Error::of(ErrorKind::kTimeout));
  }
}

}  // namespace flare::tcp
