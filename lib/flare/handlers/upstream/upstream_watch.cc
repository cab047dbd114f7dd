#include "flare/handlers/upstream/upstream_watch.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "flare/handlers/upstream/discovery.h"
#include "flare/handlers/upstream/health_check.h"

namespace flare::handlers {

class UpstreamWatch::Thread {
 public:
  Thread(std::vector<std::shared_ptr<UpstreamPool>> pools, Tell tell, const dns::ResolverOptions& options)
      : resolver_(std::in_place, worker_, options) {
    for (const std::shared_ptr<UpstreamPool>& pool : pools) {
      if (pool->options().health) checks_.push_back(std::make_unique<HealthCheck>(pool, worker_, stop_, tell));
      if (has_names(*pool)) names_.push_back(std::make_unique<Discovery>(pool, worker_, *resolver_, stop_, tell));
    }
    unanswered_ = names_.size();
    worker_.post([this] { start(); });
    thread_ = std::thread([this] { worker_.run(); });
  }
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  ~Thread() {
    worker_.post([this] {
      stop_.cancel();
      resolver_.reset();  // which would wait for name servers that may be as dead as it takes them to be
    });
    worker_.drain();
    thread_.join();
  }

  bool wait_for_names(std::chrono::milliseconds longest) {
    std::unique_lock lock(mutex_);
    return answered_.wait_for(lock, longest, [this] { return unanswered_ == 0; });
  }

 private:
  static bool has_names(const UpstreamPool& pool) {
    if (pool.options().discover) return true;
    const auto members = pool.members();
    return std::ranges::any_of(members, [](const auto& member) { return member.where.empty(); });
  }
  void start() {
    for (const auto& name : names_) {
      name->start([this] {
        const std::lock_guard lock(mutex_);
        --unanswered_;
        answered_.notify_all();
      });
    }
    for (const auto& check : checks_) worker_.spawn(check->run());
  }

  runtime::Worker worker_;
  std::optional<dns::Resolver> resolver_;
  runtime::Cancellation stop_;
  std::vector<std::unique_ptr<HealthCheck>> checks_;
  std::vector<std::unique_ptr<Discovery>> names_;
  std::mutex mutex_;
  std::condition_variable answered_;
  std::size_t unanswered_ = 0;
  std::thread thread_;
};

UpstreamWatch::UpstreamWatch(std::vector<std::shared_ptr<UpstreamPool>> pools, Tell tell,
                             dns::ResolverOptions resolver) {
  std::erase_if(pools, [](const auto& pool) { return !pool->wants_watch(); });
  if (!pools.empty()) thread_ = std::make_unique<Thread>(std::move(pools), std::move(tell), resolver);
}
UpstreamWatch::~UpstreamWatch() = default;

bool UpstreamWatch::wait_for_names(std::chrono::milliseconds longest) {
  return thread_ == nullptr || thread_->wait_for_names(longest);
}

}  // namespace flare::handlers
