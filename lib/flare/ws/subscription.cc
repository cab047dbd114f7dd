#include "flare/ws/subscription.h"

#include <utility>

namespace flare::ws {

// ---- Subscription

Subscription::Subscription(Topics::Place place, Subscriber& subscriber, std::uint64_t after)
    : place_(std::move(place)),
      subscriber_(subscriber),
      shard_(TopicShard::of(*place_.topics_, runtime::Worker::current())) {
  shard_->enter(*this, after);
}

Subscription::~Subscription() { shard_->leave(*this); }

void Subscription::meet_room() { shard_->has_room(*this); }

// ---- TopicShard

std::shared_ptr<TopicShard> TopicShard::of(Topics& topics, runtime::Worker& worker) {
  const auto* found = worker.find_local(&topics);
  if (found == nullptr) found = &worker.keep_local(&topics, std::make_shared<TopicShard>(topics, worker));
  return std::static_pointer_cast<TopicShard>(*found);
}

TopicShard::TopicShard(Topics& topics, runtime::Worker& worker)
    : topics_(topics), alive_(topics.alive_), worker_(worker), turn_(Turn::of(worker)) {}

// ---- coming and going

void TopicShard::enter(Subscription& subscription, std::uint64_t after) {
  const std::shared_ptr<Topic>& topic = subscription.place_.topic_;
  const std::uint64_t token = subscription.token_ = next_token_++;
  joining_.emplace(token, &subscription);
  on(topic->home(),
     [topic, worker = worker_.remote(), token, after](TopicShard& home) { home.join(topic, worker, token, after); });
}

/// What is published from here on follows the answer on the same way.
void TopicShard::join(const std::shared_ptr<Topic>& topic, const Remote& worker, std::uint64_t token,
                      std::uint64_t after) {
  topic->join(worker);
  Joined answer{.history = topic->history_after(after), .last_id = topic->last_id()};
  on(worker, [topic, token, answer = std::move(answer)](TopicShard& shard) mutable {
    shard.joined(topic, token, std::move(answer));
  });
}

void TopicShard::joined(const std::shared_ptr<Topic>& topic, std::uint64_t token, Joined joined) {
  const auto found = joining_.find(token);
  if (found == joining_.end()) {  // it has left meanwhile
    return on(topic->home(), [topic, worker = worker_.remote()](TopicShard&) { topic->part(worker); });
  }
  Subscription& subscription = *found->second;
  joining_.erase(found);
  Local& local = locals_[topic.get()];
  subscription.index_ = local.subscriptions.size();
  local.subscriptions.push_back(&subscription);
  subscription.live_ = true;
  subscription.last_id_ = joined.last_id;
  subscription.backlog_.assign(joined.history.begin(), joined.history.end());
  static_cast<void>(tell_backlog(subscription));
}

void TopicShard::leave(Subscription& subscription) {
  const std::shared_ptr<Topic>& topic = subscription.place_.topic_;
  if (!subscription.live_) {
    joining_.erase(subscription.token_);
    return;
  }
  const auto found = locals_.find(topic.get());
  Local& local = found->second;
  Subscription* const last = local.subscriptions.back();
  local.subscriptions[subscription.index_] = last;
  last->index_ = subscription.index_;
  local.subscriptions.pop_back();
  if (local.subscriptions.empty()) {
    locals_.erase(found);
  } else if (subscription.blocked_) {
    unblocked(local);
  }
  on(topic->home(), [topic, worker = worker_.remote()](TopicShard&) { topic->part(worker); });
}

// ---- telling

Topics::Receipt TopicShard::publish(const std::shared_ptr<Topic>& topic, std::shared_ptr<const SharedMessage> message,
                                    const Ticket& ticket) {
  const TopicEvent event = topic->number(std::move(message), topics_.options_.limits);
  bool here = false;
  for (const Topic::Member& member : topic->members()) {
    if (member.worker == worker_.remote()) {
      here = true;  // last: the others can be at it meanwhile
    } else {
      on(member.worker, [topic, event, ticket](TopicShard& shard) { shard.tell(topic, event, ticket); });
    }
  }
  if (here) tell(topic, event, ticket);
  return {.id = event.id, .subscribers = topic->subscribers()};
}

void TopicShard::tell(const std::shared_ptr<Topic>& topic, const TopicEvent& event, const Ticket& ticket) {
  const auto found = locals_.find(topic.get());
  if (found == locals_.end()) return;
  Local& local = found->second;
  if (!topics_.options_.waits()) return tell_all(local, event);
  local.waiting.push_back({event, ticket});
  if (local.waiting.size() == 1) go_on(local);
}

void TopicShard::tell_all(Local& local, const TopicEvent& event) {
  Broadcast broadcast(event.message, turn_->codecs());
  for (Subscription* const each : local.subscriptions) {
    if (event.id <= each->last_id_) continue;
    if (tell_one(*each, event, broadcast) != Posted::kNoRoom) {
      each->last_id_ = event.id;
    } else {
      each->blocked_ = true;
      ++local.blocked;
    }
  }
}

/// Who still reads the history gets it behind that. kNoRoom: whoever publishes waits.
Posted TopicShard::tell_one(Subscription& subscription, const TopicEvent& event, Broadcast& broadcast) {
  const TopicOptions& options = topics_.options_;
  if (tell_backlog(subscription)) return subscription.subscriber_.deliver(event.id, broadcast, options.waits());
  if (options.waits()) return Posted::kNoRoom;
  const std::size_t size = event.message->frame().size();
  if (subscription.behind_ + size <= options.queue) {
    subscription.behind_ += size;
  } else if (options.on_slow == OnSlow::kDropOldest) {
    subscription.backlog_.pop_front();
  } else {
    return options.on_slow == OnSlow::kClose ? give_up(subscription) : Posted::kDropped;
  }
  subscription.backlog_.push_back(event);
  return Posted::kTaken;
}

/// It has no room for the first of its backlog: told that without patience, it does what it does with who is too slow.
Posted TopicShard::give_up(Subscription& subscription) {
  const TopicEvent& event = subscription.backlog_.front();
  Broadcast broadcast(event.message, turn_->codecs());
  return subscription.subscriber_.deliver(event.id, broadcast, false);
}

/// The first of those that wait has not been told yet.
void TopicShard::go_on(Local& local) {
  while (!local.waiting.empty()) {
    tell_all(local, local.waiting.front().event);
    if (local.blocked != 0) return;
    local.waiting.pop_front();
  }
}

void TopicShard::unblocked(Local& local) {
  if (--local.blocked != 0) return;
  local.waiting.pop_front();
  go_on(local);
}

/// What it is told may make room at once, and bring us here again: its marks are set before.
void TopicShard::has_room(Subscription& subscription) {
  if (!tell_backlog(subscription) || !std::exchange(subscription.blocked_, false)) return;
  Local& local = locals_.at(subscription.place_.topic_.get());
  const TopicEvent event = local.waiting.front().event;
  subscription.last_id_ = event.id;
  Broadcast broadcast(event.message, turn_->codecs());
  if (subscription.subscriber_.deliver(event.id, broadcast, true) == Posted::kNoRoom) {
    subscription.blocked_ = true;
    return;
  }
  unblocked(local);
}

bool TopicShard::tell_backlog(Subscription& subscription) {
  while (!subscription.backlog_.empty()) {
    const TopicEvent event = std::move(subscription.backlog_.front());
    subscription.backlog_.pop_front();
    Broadcast broadcast(event.message, turn_->codecs());
    if (subscription.subscriber_.deliver(event.id, broadcast, true) != Posted::kNoRoom) continue;
    subscription.backlog_.push_front(event);
    return false;
  }
  subscription.behind_ = 0;
  return true;
}

}  // namespace flare::ws
