#include "flare/ws/topics.h"

#include <coroutine>

#include "flare/ws/subscription.h"

namespace flare::ws {
namespace {

/// Shared by whoever publishes and those who carry the message on: either may end first.
struct Publishing {
  std::shared_ptr<runtime::RemoteWorker> publisher;
  std::optional<Topics::Receipt> receipt;  ///< the home's, before it lets go of its ticket
  std::coroutine_handle<> waiting;         ///< this and the next: touched on the publisher's worker only
  bool done = false;
};

/// Goes with the last who has anything to do with the message.
class Ticket {
 public:
  explicit Ticket(std::shared_ptr<Publishing> publishing) noexcept : publishing_(std::move(publishing)) {}
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  ~Ticket() {
    runtime::RemoteWorker& publisher = *publishing_->publisher;
    static_cast<void>(publisher.post([publishing = std::move(publishing_)] {
      publishing->done = true;
      if (publishing->waiting) std::exchange(publishing->waiting, {}).resume();
    }));
  }

 private:
  std::shared_ptr<Publishing> publishing_;
};

class Done {
 public:
  explicit Done(Publishing& publishing) noexcept : publishing_(publishing) {}
  Done(const Done&) = delete;
  Done& operator=(const Done&) = delete;
  ~Done() { publishing_.waiting = {}; }

  [[nodiscard]] bool await_ready() const noexcept { return publishing_.done; }
  void await_suspend(std::coroutine_handle<> waiting) noexcept { publishing_.waiting = waiting; }
  void await_resume() const noexcept {}

 private:
  Publishing& publishing_;
};

}  // namespace

std::expected<Topics::Place, Reason> Topics::place(std::string_view topic, bool subscriber) {
  auto found = registry_.use(topic, runtime::Worker::current(), subscriber);
  if (!found) return std::unexpected(found.error());
  return Place(*this, std::move(*found), subscriber);
}

runtime::Task<std::optional<Topics::Receipt>> Topics::publish(const Place& place,
                                                              std::shared_ptr<const SharedMessage> message) {
  runtime::Worker& worker = runtime::Worker::current();
  const std::shared_ptr<TopicShard> shard = TopicShard::of(*this, worker);
  const std::shared_ptr<Topic>& topic = place.topic_;
  if (!options_.waits() && topic->home() == worker.remote())
    co_return shard->publish(topic, std::move(message), nullptr);

  const auto publishing = std::make_shared<Publishing>();
  publishing->publisher = worker.remote();
  auto ticket = std::make_shared<const Ticket>(publishing);
  shard->on(topic->home(), [topic, message = std::move(message), publishing, ticket,
                            wait = options_.waits()](TopicShard& home) mutable {
    publishing->receipt = home.publish(topic, std::move(message), wait ? TopicShard::Ticket(ticket) : nullptr);
  });
  ticket.reset();
  Done done(*publishing);
  co_await done;
  co_return publishing->receipt;
}

}  // namespace flare::ws
