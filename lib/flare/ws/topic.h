// A topic as all workers share it, and the registry of those that exist. For topics.h.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "flare/base/reason.h"
#include "flare/runtime/worker.h"
#include "flare/ws/broadcast.h"

namespace flare::ws {

/// Bounds of a set of topics.
struct TopicLimits {
  std::size_t history = 0;                       ///< messages kept of each topic, for those who come later
  std::size_t history_bytes = 64 * 1024 * 1024;  ///< of all topics together; who would exceed it keeps fewer
  std::size_t topics = 10'000;                   ///< that exist; of those that nobody uses the oldest make room
  std::size_t subscribers = 100'000;             ///< of one topic
};

/// A message of a topic. Ids grow, and go on growing when the process starts anew: they begin as microseconds of 1970.
struct TopicEvent {
  std::uint64_t id = 0;
  std::shared_ptr<const SharedMessage> message;
};

/// Its order is made on one worker, its home, where it was first used: what is published goes there, is numbered, and
/// from there to the workers that have subscribers. No lock on that way.
class Topic {
 public:
  Topic(std::string_view name, std::shared_ptr<runtime::RemoteWorker> home, std::atomic<std::size_t>& history_bytes)
      : name_(name), home_(std::move(home)), all_history_bytes_(history_bytes) {}
  Topic(const Topic&) = delete;
  Topic& operator=(const Topic&) = delete;
  ~Topic() { all_history_bytes_.fetch_sub(history_bytes_, std::memory_order_relaxed); }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::shared_ptr<runtime::RemoteWorker>& home() const noexcept { return home_; }
  /// Any thread.
  [[nodiscard]] std::size_t subscribers() const noexcept { return subscribers_.load(std::memory_order_relaxed); }

  // ---- on the home worker only
  struct Member {
    std::shared_ptr<runtime::RemoteWorker> worker;
    std::size_t subscribers = 0;
  };
  [[nodiscard]] std::span<const Member> members() const noexcept { return members_; }
  void join(const std::shared_ptr<runtime::RemoteWorker>& worker);
  void part(const std::shared_ptr<runtime::RemoteWorker>& worker) noexcept;
  /// Numbers it, and keeps it as `limits` allow.
  TopicEvent number(std::shared_ptr<const SharedMessage> message, const TopicLimits& limits);
  /// What is kept of those behind `after`, the oldest first.
  [[nodiscard]] std::vector<TopicEvent> history_after(std::uint64_t after) const;
  [[nodiscard]] std::uint64_t last_id() const noexcept { return last_id_; }

 private:
  friend class TopicRegistry;
  void keep(const TopicEvent& event, const TopicLimits& limits);
  void forget_oldest() noexcept;

  std::string name_;
  std::shared_ptr<runtime::RemoteWorker> home_;
  std::atomic<std::size_t> subscribers_ = 0;
  std::atomic<std::size_t>& all_history_bytes_;
  std::uint64_t last_id_ = 0;
  std::deque<TopicEvent> history_;
  std::size_t history_bytes_ = 0;
  std::vector<Member> members_;
  std::size_t users_ = 0;                             ///< the registry's
  std::list<std::shared_ptr<Topic>>::iterator idle_;  ///< the registry's, while nobody uses it
};

/// Topics by name. Any thread; asked when somebody subscribes, leaves, or publishes to a topic that it has no place in.
class TopicRegistry {
 public:
  explicit TopicRegistry(TopicLimits limits) noexcept : limits_(limits) {}

  /// One more user of a topic, which exists until the last one releases it, or longer if it has a history. A new one's
  /// home is `worker`. kHubTopics: there are as many as may be, all in use. kHubSubscribers, for a subscriber.
  std::expected<std::shared_ptr<Topic>, Reason> use(std::string_view name, runtime::Worker& worker, bool subscriber);
  void release(const std::shared_ptr<Topic>& topic, bool subscriber) noexcept;
  /// Of a topic; 0 where there is none.
  [[nodiscard]] std::size_t subscribers(std::string_view name) const;
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] const TopicLimits& limits() const noexcept { return limits_; }

 private:
  TopicLimits limits_;
  mutable std::mutex mutex_;
  std::atomic<std::size_t> history_bytes_ = 0;
  std::unordered_map<std::string_view, std::shared_ptr<Topic>> topics_;
  std::list<std::shared_ptr<Topic>> idle_;  ///< have a history and no user; the oldest first
};

}  // namespace flare::ws
