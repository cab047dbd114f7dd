#include "flare/ws/topic.h"

#include <algorithm>
#include <chrono>

namespace flare::ws {
namespace {

std::uint64_t microseconds_now() noexcept {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

}  // namespace

// ---- Topic

void Topic::join(const std::shared_ptr<runtime::RemoteWorker>& worker) {
  const auto member = std::ranges::find(members_, worker, &Member::worker);
  if (member == members_.end()) {
    members_.push_back({worker, 1});
  } else {
    ++member->subscribers;
  }
}

void Topic::part(const std::shared_ptr<runtime::RemoteWorker>& worker) noexcept {
  const auto member = std::ranges::find(members_, worker, &Member::worker);
  if (member != members_.end() && --member->subscribers == 0) members_.erase(member);
}

TopicEvent Topic::number(std::shared_ptr<const SharedMessage> message, const TopicLimits& limits) {
  last_id_ = std::max(last_id_ + 1, microseconds_now());
  TopicEvent event{.id = last_id_, .message = std::move(message)};
  if (limits.history != 0) keep(event, limits);
  return event;
}

/// Other topics' histories stay: a topic makes room of its own.
void Topic::keep(const TopicEvent& event, const TopicLimits& limits) {
  const std::size_t size = event.message->frame().size();
  while (history_.size() >= limits.history) forget_oldest();
  while (!history_.empty() && all_history_bytes_.load(std::memory_order_relaxed) + size > limits.history_bytes)
    forget_oldest();
  if (all_history_bytes_.fetch_add(size, std::memory_order_relaxed) + size > limits.history_bytes) {
    all_history_bytes_.fetch_sub(size, std::memory_order_relaxed);
    return;
  }
  history_bytes_ += size;
  history_.push_back(event);
}

void Topic::forget_oldest() noexcept {
  const std::size_t size = history_.front().message->frame().size();
  history_bytes_ -= size;
  all_history_bytes_.fetch_sub(size, std::memory_order_relaxed);
  history_.pop_front();
}

std::vector<TopicEvent> Topic::history_after(std::uint64_t after) const {
  const auto first = std::ranges::upper_bound(history_, after, {}, &TopicEvent::id);
  return {first, history_.end()};
}

// ---- TopicRegistry

std::expected<std::shared_ptr<Topic>, Reason> TopicRegistry::use(std::string_view name, runtime::Worker& worker,
                                                                 bool subscriber) {
  const std::lock_guard lock(mutex_);
  auto found = topics_.find(name);
  if (found == topics_.end()) {
    if (topics_.size() >= limits_.topics) {
      if (idle_.empty()) return std::unexpected(Reason::kHubTopics);
      topics_.erase(idle_.front()->name());
      idle_.pop_front();
    }
    auto topic = std::make_shared<Topic>(name, worker.remote(), history_bytes_);
    found = topics_.emplace(topic->name(), topic).first;
    topic->users_ = 1;
  } else if (found->second->users_++ == 0) {
    idle_.erase(found->second->idle_);
  }
  const std::shared_ptr<Topic> topic = found->second;
  if (!subscriber) return topic;
  if (topic->subscribers() < limits_.subscribers) {
    topic->subscribers_.fetch_add(1, std::memory_order_relaxed);
    return topic;
  }
  --topic->users_;  // there are others: those who subscribe
  return std::unexpected(Reason::kHubSubscribers);
}

void TopicRegistry::release(const std::shared_ptr<Topic>& topic, bool subscriber) noexcept {
  const std::lock_guard lock(mutex_);
  if (subscriber) topic->subscribers_.fetch_sub(1, std::memory_order_relaxed);
  if (--topic->users_ != 0) return;
  if (topic->history_.empty()) {
    topics_.erase(topic->name());
  } else {
    topic->idle_ = idle_.insert(idle_.end(), topic);
  }
}

std::size_t TopicRegistry::subscribers(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = topics_.find(name);
  return found == topics_.end() ? 0 : found->second->subscribers();
}

std::size_t TopicRegistry::size() const {
  const std::lock_guard lock(mutex_);
  return topics_.size();
}

}  // namespace flare::ws
