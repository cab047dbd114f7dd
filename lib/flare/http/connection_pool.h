// Idle client connections to one origin, of one worker (RFC 9112 §9.3).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "flare/runtime/cancellation.h"
#include "flare/runtime/timer_wheel.h"
#include "flare/runtime/worker.h"

namespace flare::http {

struct ConnectionPoolOptions {
  std::size_t max_idle = 64;                 ///< the one that has been idle longest makes room
  std::chrono::milliseconds idle{60'000};    ///< unused for so long: closed
  std::chrono::milliseconds age{3'600'000};  ///< since it was made: closed at its next use
  std::uint32_t requests = 10'000;           ///< exchanges on one connection
};

/// The last one that came back is the first to leave: what a quiet hour does not need ages out. One that says anything
/// while it is idle, or whose server closes it, is closed at once: it stays registered with the reactor, and neither
/// coming nor going costs a system call or memory. `Connection` has stream(), a ReusableStream. Outlives no worker;
/// leases may outlive it.
template <class Connection>
class ConnectionPool final : private runtime::TimerEntry {
  struct Entry;

 public:
  /// How sure one has to be that it is still open when it is taken.
  enum class Look : std::uint8_t {
    kIfStale,  ///< one look (is_quiet) where it lay idle for kFresh: for what can be sent again
    kAlways,
  };
  static constexpr std::chrono::milliseconds kFresh{10};

  /// A connection in use: closed on destruction, unless it is given back.
  class Lease {
   public:
    Lease() noexcept = default;
    /// A new connection.
    template <class... Args>
    static Lease make(runtime::Worker& worker, Args&&... connection) {
      return Lease(std::make_unique<Entry>(worker.now(), worker, std::forward<Args>(connection)...));
    }
    [[nodiscard]] explicit operator bool() const noexcept { return entry_ != nullptr; }
    [[nodiscard]] Connection& operator*() const noexcept { return entry_->connection; }
    [[nodiscard]] Connection* operator->() const noexcept { return &entry_->connection; }
    /// It has carried an exchange before: its server may have closed it since.
    [[nodiscard]] bool is_reused() const noexcept { return entry_->exchanges != 0; }

   private:
    friend class ConnectionPool;
    explicit Lease(std::unique_ptr<Entry> entry) noexcept : entry_(std::move(entry)) {}
    std::unique_ptr<Entry> entry_;
  };

  ConnectionPool(runtime::Worker& worker, const ConnectionPoolOptions& options) noexcept
      : worker_(worker), options_(options) {}
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;
  ~ConnectionPool() override { close_idle(); }

  /// The connection that came back last; an empty lease where none is idle.
  Lease take(Look look = Look::kIfStale);
  /// After an exchange whose finish() said yes. It is kept, or closed if it has done enough.
  void put(Lease lease);
  void close_idle() noexcept {
    while (oldest_ != nullptr) drop(*oldest_);
  }
  [[nodiscard]] std::size_t idle() const noexcept { return idle_; }

 private:
  struct Entry {
    struct Watch final : runtime::Cancellation::Listener {
      Watch(ConnectionPool& in, Entry& of) noexcept : Listener(of.spoke), pool(in), entry(of) {}
      void on_cancel() override { pool.drop(entry); }
      ConnectionPool& pool;
      Entry& entry;
    };
    template <class... Args>
    explicit Entry(runtime::TimePoint now, Args&&... args)
        : connection(std::forward<Args>(args)...), born(now), idle_since(now) {}

    runtime::Cancellation spoke;
    Connection connection;
    std::optional<Watch> watch;
    runtime::TimePoint born;
    runtime::TimePoint idle_since;
    std::uint32_t exchanges = 0;
    Entry* older = nullptr;
    Entry* newer = nullptr;
  };

  [[nodiscard]] bool has_aged(const Entry& entry) const noexcept { return worker_.now() - entry.born >= options_.age; }
  void link(Entry& entry) noexcept;
  void unlink(Entry& entry) noexcept;
  /// Closes one that is idle.
  void drop(Entry& entry) noexcept {
    unlink(entry);
    const std::unique_ptr<Entry> closed(&entry);
  }
  void on_timer() override;

  runtime::Worker& worker_;
  ConnectionPoolOptions options_;
  Entry* newest_ = nullptr;  ///< a list that owns its entries, in the order in which they came back
  Entry* oldest_ = nullptr;
  std::size_t idle_ = 0;
};

template <class Connection>
auto ConnectionPool<Connection>::take(Look look) -> Lease {
  while (newest_ != nullptr) {
    Entry& entry = *newest_;
    unlink(entry);
    std::unique_ptr<Entry> taken(&entry);
    taken->connection.stream().watch_input(nullptr);
    taken->watch.reset();
    const bool stale = worker_.now() - taken->idle_since >= kFresh;
    if (has_aged(*taken)) continue;
    if ((stale || look == Look::kAlways) && !taken->connection.stream().is_quiet()) continue;
    return Lease(std::move(taken));
  }
  return {};
}

template <class Connection>
void ConnectionPool<Connection>::put(Lease lease) {
  std::unique_ptr<Entry> entry = std::move(lease.entry_);
  if (++entry->exchanges >= options_.requests || has_aged(*entry) || options_.max_idle == 0) return;
  if (idle_ == options_.max_idle) drop(*oldest_);
  entry->idle_since = worker_.now();
  entry->spoke.reset();
  entry->watch.emplace(*this, *entry);
  Entry& idle = *entry.release();
  link(idle);
  if (!is_scheduled()) worker_.timers().schedule(*this, idle.idle_since + options_.idle);
  idle.connection.stream().watch_input(&idle.spoke);  // may drop it at once
}

template <class Connection>
void ConnectionPool<Connection>::link(Entry& entry) noexcept {
  entry.older = newest_;
  entry.newer = nullptr;
  (newest_ != nullptr ? newest_->newer : oldest_) = &entry;
  newest_ = &entry;
  ++idle_;
}

template <class Connection>
void ConnectionPool<Connection>::unlink(Entry& entry) noexcept {
  (entry.older != nullptr ? entry.older->newer : oldest_) = entry.newer;
  (entry.newer != nullptr ? entry.newer->older : newest_) = entry.older;
  --idle_;
}

/// The oldest is the first whose time is over; where it left meanwhile, the next one's time is waited for.
template <class Connection>
void ConnectionPool<Connection>::on_timer() {
  while (oldest_ != nullptr && oldest_->idle_since + options_.idle <= worker_.now()) drop(*oldest_);
  if (oldest_ != nullptr) worker_.timers().schedule(*this, oldest_->idle_since + options_.idle);
}

}  // namespace flare::http
