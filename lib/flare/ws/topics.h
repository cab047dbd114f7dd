// Publishing to topics, within a worker and across all of them.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "flare/base/reason.h"
#include "flare/runtime/task.h"
#include "flare/runtime/worker.h"
#include "flare/ws/session.h"
#include "flare/ws/topic.h"

namespace flare::ws {

/// Whoever is told what is published on a topic, on one worker: a WebSocket session, an event stream.
class Subscriber {
 public:
  /// The next message, in the order of ids. `waits`: kNoRoom where there is no room, whatever else is done then; it
  /// comes once more after Subscription::has_room(). Must not end a subscription of the same worker.
  virtual Posted deliver(std::uint64_t id, Broadcast& message, bool waits) = 0;

 protected:
  ~Subscriber() = default;
};

struct TopicOptions {
  TopicLimits limits;
  OnSlow on_slow = OnSlow::kClose;  ///< kPauseProducer: publish() is done when every subscriber has taken the message
  std::size_t queue = 1024 * 1024;  ///< bytes that wait at most behind the history that a subscriber still reads

  [[nodiscard]] bool waits() const noexcept { return on_slow == OnSlow::kPauseProducer; }
};

/// Topics of one purpose, shared by the workers of a process. One message is encoded once, whoever gets it on whichever
/// worker; what is handed over between workers is handed over without a lock. Outlives the workers that use it.
class Topics {
 public:
  explicit Topics(TopicOptions options) noexcept : options_(options), registry_(options.limits) {}
  Topics(const Topics&) = delete;
  Topics& operator=(const Topics&) = delete;

  /// A share of a topic, while somebody subscribes to it, or publishes.
  class Place {
   public:
    Place() noexcept = default;
    Place(Place&& other) noexcept
        : topics_(std::exchange(other.topics_, nullptr)),
          topic_(std::move(other.topic_)),
          subscriber_(other.subscriber_) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (topics_ != nullptr) topics_->registry_.release(topic_, subscriber_);
    }
    [[nodiscard]] Topic& topic() const noexcept { return *topic_; }

   private:
    friend class Topics;
    friend class Subscription;
    friend class TopicShard;
    Place(Topics& topics, std::shared_ptr<Topic> topic, bool subscriber) noexcept
        : topics_(&topics), topic_(std::move(topic)), subscriber_(subscriber) {}
    Topics* topics_ = nullptr;
    std::shared_ptr<Topic> topic_;
    bool subscriber_ = false;
  };
  /// kHubTopics, kHubSubscribers: there are as many as may be. On a worker, whose the topic becomes if it is new.
  std::expected<Place, Reason> subscriber(std::string_view topic) { return place(topic, true); }
  std::expected<Place, Reason> publisher(std::string_view topic) { return place(topic, false); }

  struct Receipt {
    std::uint64_t id = 0;
    std::size_t subscribers = 0;
  };
  /// On a worker. nullopt: the workers are ending, and it is lost. `place` outlives the task.
  runtime::Task<std::optional<Receipt>> publish(const Place& place, std::shared_ptr<const SharedMessage> message);
  /// Any thread.
  [[nodiscard]] std::size_t subscribers(std::string_view topic) const { return registry_.subscribers(topic); }
  [[nodiscard]] const TopicOptions& options() const noexcept { return options_; }

 private:
  friend class Subscription;
  friend class TopicShard;
  std::expected<Place, Reason> place(std::string_view topic, bool subscriber);

  TopicOptions options_;
  TopicRegistry registry_;
  std::shared_ptr<const char> alive_ = std::make_shared<const char>('\0');  ///< what workers keep expires with it
};

}  // namespace flare::ws
