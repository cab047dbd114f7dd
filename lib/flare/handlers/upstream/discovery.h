// Which addresses a pool's names stand for, as long as the DNS says so (behaviour.md P-19).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "flare/dns/resolver.h"
#include "flare/handlers/upstream/upstream_pool.h"
#include "flare/runtime/cancellation.h"
#include "flare/runtime/task.h"
#include "flare/runtime/worker.h"

namespace flare::handlers {

/// Keeps one pool's members up to date. Belongs to one worker, whose every task it starts ends soon after `stop`. All
/// that it is made of outlives it, and it outlives its tasks.
class Discovery {
 public:
  using Tell = std::function<void(const std::string&)>;
  Discovery(std::shared_ptr<UpstreamPool> pool, runtime::Worker& worker, dns::Resolver& resolver,
            runtime::Cancellation& stop, Tell tell);
  Discovery(const Discovery&) = delete;
  Discovery& operator=(const Discovery&) = delete;

  /// A task for each name: one that nobody answers for holds back no other. `looked` is called once, when every name
  /// has been asked for.
  void start(std::function<void()> looked);

 private:
  struct Found {
    UpstreamPool::Member member;
    runtime::TimePoint good{};  ///< when its addresses were last answered
  };
  /// A name, and what it last stood for.
  struct Name {
    std::string text;
    std::vector<Found> found;
    std::chrono::milliseconds next_look{};
    bool is_failing = false;
  };

  runtime::Task<void> keep(Name& name);
  runtime::Task<Result<void>> look(Name& name);
  runtime::Task<Result<void>> find_server(Name& name);
  runtime::Task<Result<void>> find_addresses(Name& name);
  runtime::Task<Result<void>> find_services(Name& name);
  void tell_how(Name& name, const Result<void>& outcome);
  /// What cannot be found any more, and has not been for too long.
  void forget(Name& name);
  void publish();
  [[nodiscard]] bool is_server(const Name& name) const noexcept;
  [[nodiscard]] bool still_holds(const Found& found) const noexcept;

  std::shared_ptr<UpstreamPool> pool_;
  runtime::Worker& worker_;
  dns::Resolver& resolver_;
  runtime::Cancellation& stop_;
  Tell tell_;
  std::vector<UpstreamPool::Member> fixed_;  ///< addresses that need no name
  std::vector<Name> names_;                  ///< the servers' in their order, then the one to discover
  std::size_t servers_ = 0;                  ///< so many of them are servers'
  std::size_t unanswered_ = 0;
  std::function<void()> looked_;
};

}  // namespace flare::handlers
