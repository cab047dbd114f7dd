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

/// Keeps one pool's members up to date. Belongs to one worker; its task ends soon after `stop`. All that it is made of
/// outlives it, and it outlives its task.
class Discovery {
 public:
  using Tell = std::function<void(const std::string&)>;
  Discovery(std::shared_ptr<UpstreamPool> pool, runtime::Worker& worker, dns::Resolver& resolver,
            runtime::Cancellation& stop, Tell tell);

  /// `looked` is called once, when every name has been asked for.
  runtime::Task<void> run(std::function<void()> looked);

 private:
  using Members = std::vector<UpstreamPool::Member>;
  /// A name, and what it last stood for.
  struct Name {
    std::string text;
    Members members;
    runtime::TimePoint good{};  ///< when it was last answered
    bool is_failing = false;
  };

  runtime::Task<Result<Members>> find_server(const ServerOptions& server, Members before);
  runtime::Task<Result<Members>> find_addresses(const DiscoverOptions& discover, Members before);
  runtime::Task<Result<Members>> find_services(const DiscoverOptions& discover, Members before);
  void take(Name& name, Result<Members> found);
  void publish();
  /// Lets the next look be no later than this.
  void expires(std::chrono::seconds ttl);

  std::shared_ptr<UpstreamPool> pool_;
  runtime::Worker& worker_;
  dns::Resolver& resolver_;
  runtime::Cancellation& stop_;
  Tell tell_;
  Members fixed_;            ///< addresses that need no name
  std::vector<Name> names_;  ///< the servers' in their order, then the one to discover
  std::vector<ServerOptions> servers_;
  std::chrono::milliseconds next_look_{};
};

}  // namespace flare::handlers
