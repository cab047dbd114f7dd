// A pool of upstream servers, as all workers share it: who they are, how they do.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flare/base/exception.h"
#include "flare/base/siphash.h"
#include "flare/handlers/upstream/breaker.h"
#include "flare/handlers/upstream/upstream_options.h"
#include "flare/handlers/upstream/upstream_server.h"
#include "flare/net/socket_addr.h"
#include "flare/runtime/worker.h"

namespace flare::handlers {

/// The programmer's or the operator's: a pool that cannot be.
class UpstreamError : public Exception {
  using Exception::Exception;
};

/// Nanoseconds of the worker's clock, as servers and breakers take them.
inline std::int64_t nanoseconds(runtime::TimePoint time) noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

/// Any thread. Names, health checks and discovery want an UpstreamWatch (upstream_watch.h) that runs; until it has
/// found an address a server that has a name cannot be reached.
class UpstreamPool {
 public:
  /// Throws UpstreamError.
  explicit UpstreamPool(UpstreamOptions options);
  UpstreamPool(const UpstreamPool&) = delete;
  UpstreamPool& operator=(const UpstreamPool&) = delete;

  struct Member {
    std::shared_ptr<UpstreamServer> server;
    std::vector<net::Endpoint> where;  ///< empty: not found yet
  };
  [[nodiscard]] const UpstreamOptions& options() const noexcept { return options_; }
  /// Changes with members().
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }
  [[nodiscard]] std::vector<Member> members() const;
  /// Servers that are members no longer drain: they are asked no more.
  void set_members(std::vector<Member> members);
  [[nodiscard]] std::shared_ptr<UpstreamServer> make_server(std::string address, std::uint32_t weight,
                                                            bool backup) const;
  /// Something has to look after it: names, health.
  [[nodiscard]] bool wants_watch() const noexcept;

  // ---- how requests fare
  [[nodiscard]] Breaker::Admission admit(std::int64_t now) noexcept {
    return breaker_ ? breaker_->admit(now) : Breaker::Admission::kYes;
  }
  void succeeded(Breaker::Admission admission, std::int64_t now) noexcept {
    if (breaker_) breaker_->count(true, admission, now);
  }
  /// Counts against the server, which may be ejected by it, and the breaker.
  void failed(UpstreamServer& server, Breaker::Admission admission, std::int64_t now);

  // ---- who stays with whom (P-20)
  [[nodiscard]] std::string cookie_for(const UpstreamServer& server) const;
  [[nodiscard]] bool is_cookie_for(const UpstreamServer& server, std::string_view cookie) const;

  // ---- requests that wait for a place, on whichever worker
  struct Waiters {
    virtual ~Waiters() = default;
    virtual void serve_line() = 0;  ///< on its own worker: whoever can have a place gets one
    std::atomic<std::uint32_t> waiting = 0;
  };
  void add_waiters(runtime::Worker& worker, const std::shared_ptr<Waiters>& waiters);
  void remove_waiters(const Waiters& waiters) noexcept;
  /// There is a place: the workers where somebody waits are told in turn, one at a time. Not at once: the one who says
  /// so is in the middle of something.
  void wake_next();
  /// There may be another place: the one whose turn is next looks, and it stays its turn.
  void wake_one_more();
  /// On all workers. Who wants a place counts here, then looks once more whether there is one; who leaves one looks
  /// here behind that: in one order (seq_cst) at least one of them sees the other.
  std::atomic<std::uint32_t> waiting = 0;

 private:
  struct Waiting {
    runtime::Worker* worker;
    const Waiters* waiters;        ///< there until it is removed
    std::weak_ptr<Waiters> there;  ///< locked on its own worker only, where it may end
  };

  /// With the lock: where somebody waits, from the one whose turn it is on; waiters_.size(): nowhere.
  [[nodiscard]] std::size_t find_waiting() const noexcept;
  static void tell(const Waiting& waiting);

  UpstreamOptions options_;
  std::optional<Breaker> breaker_;
  SipKey cookie_key_;
  std::atomic<std::uint64_t> generation_ = 1;
  mutable std::mutex mutex_;  ///< of what follows; never taken where all is well
  std::vector<Member> members_;
  std::vector<Waiting> waiters_;
  std::size_t turn_ = 0;  ///< whose it is, of them
};

}  // namespace flare::handlers
