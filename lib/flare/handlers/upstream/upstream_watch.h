// Looks after pools: asks the DNS for their names, and their servers how they are (behaviour.md P-18, P-19).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "flare/dns/resolver.h"
#include "flare/handlers/upstream/upstream_pool.h"

namespace flare::handlers {

/// One thread for all pools that want one (UpstreamPool::wants_watch), from here to the destructor; none where none
/// does. What it finds out holds for all workers.
class UpstreamWatch {
 public:
  /// Called on the watch's thread with what an operator wants to know.
  using Tell = std::function<void(const std::string&)>;
  UpstreamWatch(std::vector<std::shared_ptr<UpstreamPool>> pools, Tell tell, dns::ResolverOptions resolver = {});
  UpstreamWatch(const UpstreamWatch&) = delete;
  UpstreamWatch& operator=(const UpstreamWatch&) = delete;
  ~UpstreamWatch();

  /// Until every name has been asked for once, found or not; false: that took longer.
  bool wait_for_names(std::chrono::milliseconds longest);

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
};

}  // namespace flare::handlers
