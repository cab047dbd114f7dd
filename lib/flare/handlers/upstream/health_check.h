// Active health checks of a pool's servers (behaviour.md P-18).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "flare/handlers/upstream/upstream_pool.h"
#include "flare/io/buffer_pool.h"
#include "flare/runtime/cancellation.h"
#include "flare/runtime/task.h"
#include "flare/runtime/worker.h"

namespace flare::handlers {

/// Between 90 and 110 % of `time`, as `random` says: checks of many servers, and many proxies, do not fall together.
std::chrono::milliseconds jittered(std::chrono::milliseconds time, std::uint64_t random) noexcept;

/// Asks every member of one pool each interval, a little apart from each other. Belongs to one worker, whose every task
/// it starts ends soon after `stop`. All that it is made of outlives it, and it outlives its tasks.
class HealthCheck {
 public:
  using Tell = std::function<void(const std::string&)>;
  HealthCheck(std::shared_ptr<UpstreamPool> pool, runtime::Worker& worker, runtime::Cancellation& stop, Tell tell);

  runtime::Task<void> run();

 private:
  struct Record {
    std::uint32_t good = 0;  ///< in a row
    std::uint32_t bad = 0;
    bool is_being_asked = false;
    std::chrono::milliseconds spread{};  ///< into each round: servers are not all asked at once
  };

  [[nodiscard]] std::shared_ptr<Record> make_record() const;
  runtime::Task<void> look(UpstreamPool::Member member, std::shared_ptr<Record> record);
  /// Its error says what is wrong with it.
  runtime::Task<Result<void>> ask(const UpstreamPool::Member& member);
  template <class Stream>
  runtime::Task<Result<void>> ask_by(const UpstreamPool::Member& member);
  void judge(UpstreamServer& server, Record& record, const Result<void>& outcome);

  std::shared_ptr<UpstreamPool> pool_;
  runtime::Worker& worker_;
  runtime::Cancellation& stop_;
  Tell tell_;
  UpstreamOptions options_;  ///< the pool's, with the check's time limit
  io::BufferPool buffers_;
  /// Keeps the servers, too: a new one at the place of one that is gone would be judged by what that one did.
  std::map<std::shared_ptr<UpstreamServer>, std::shared_ptr<Record>> records_;
};

}  // namespace flare::handlers
