// A subscriber's tie to a topic, and what a worker knows of the topics that its subscribers have.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "flare/runtime/worker.h"
#include "flare/ws/topics.h"
#include "flare/ws/turn.h"

namespace flare::ws {

class TopicShard;

/// From its construction to its destruction `subscriber` is told: first what is kept of the topic behind `after`, then
/// all that comes. Lives on the worker it was made on.
class Subscription {
 public:
  /// `after`: an id that the subscriber has seen; 0: all that is kept.
  Subscription(Topics::Place place, Subscriber& subscriber, std::uint64_t after);
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;
  ~Subscription();

  /// After kNoRoom: the subscriber may be told again.
  void has_room() {
    if (blocked_ || !backlog_.empty()) meet_room();
  }
  [[nodiscard]] const Topics::Place& place() const noexcept { return place_; }

 private:
  friend class TopicShard;
  void meet_room();

  Topics::Place place_;
  Subscriber& subscriber_;
  std::shared_ptr<TopicShard> shard_;
  std::uint64_t token_;
  std::uint64_t last_id_ = 0;
  std::deque<TopicEvent>
      backlog_;             ///< of the history, what the subscriber had no room for yet, and what came behind it
  std::size_t behind_ = 0;  ///< bytes of the latter
  std::size_t index_ = 0;   ///< among the topic's on this worker
  bool live_ = false;       ///< the topic's home knows of it
  bool blocked_ = false;    ///< the present event waits for it
};

/// One worker's part of a Topics.
class TopicShard final : public runtime::WorkerLocal {
 public:
  static std::shared_ptr<TopicShard> of(Topics& topics, runtime::Worker& worker);
  TopicShard(Topics& topics, runtime::Worker& worker);

  [[nodiscard]] bool is_expired() const noexcept override { return alive_.expired(); }
  [[nodiscard]] runtime::Worker& worker() noexcept { return worker_; }

  /// Whoever publishes waits for the last of it to go.
  using Ticket = std::shared_ptr<const void>;
  /// On the topic's home: numbers it and sends it on its way.
  Topics::Receipt publish(const std::shared_ptr<Topic>& topic, std::shared_ptr<const SharedMessage> message,
                          const Ticket& ticket);

 private:
  friend class Subscription;
  /// A topic's subscriptions here.
  struct Local {
    std::vector<Subscription*> subscriptions;  ///< the live ones
    struct Waiting {
      TopicEvent event;
      Ticket ticket;
    };
    std::deque<Waiting> waiting;  ///< with TopicOptions::waits(); the first has been begun
    std::size_t blocked = 0;      ///< subscriptions that have no room for it
  };

  void enter(Subscription& subscription, std::uint64_t after);
  void leave(Subscription& subscription);
  using Remote = std::shared_ptr<runtime::RemoteWorker>;
  /// On the topic's home: a subscription of that worker's.
  void join(const std::shared_ptr<Topic>& topic, const Remote& worker, std::uint64_t token, std::uint64_t after);
  /// What the home has said to that.
  struct Joined {
    std::vector<TopicEvent> history;
    std::uint64_t last_id = 0;
  };
  void joined(const std::shared_ptr<Topic>& topic, std::uint64_t token, Joined joined);
  void tell(const std::shared_ptr<Topic>& topic, const TopicEvent& event, const Ticket& ticket);
  void tell_all(Local& local, const TopicEvent& event);
  void go_on(Local& local);
  void has_room(Subscription& subscription);
  void unblocked(Local& local);
  bool tell_backlog(Subscription& subscription);
  Posted tell_one(Subscription& subscription, const TopicEvent& event, Broadcast& broadcast);
  Posted give_up(Subscription& subscription);
  /// work(shard) on that worker: here and now, or posted.
  template <class Work>
  void on(const Remote& worker, Work work);
  friend class Topics;

  Topics& topics_;
  std::weak_ptr<const char> alive_;
  runtime::Worker& worker_;
  std::shared_ptr<Turn> turn_;
  std::unordered_map<const Topic*, Local> locals_;
  std::unordered_map<std::uint64_t, Subscription*> joining_;
  std::uint64_t next_token_ = 1;
};

template <class Work>
void TopicShard::on(const Remote& worker, Work work) {
  if (worker == worker_.remote()) return work(*this);
  static_cast<void>(worker->post([&topics = topics_, work = std::move(work)]() mutable {
    work(*TopicShard::of(topics, runtime::Worker::current()));
  }));
}

}  // namespace flare::ws
