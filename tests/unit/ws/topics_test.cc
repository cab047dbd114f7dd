#include "flare/ws/topics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "flare/runtime/worker_pool.h"
#include "flare/ws/subscription.h"

namespace flare::ws {
namespace {

std::shared_ptr<const SharedMessage> message(std::string text) {
  return std::make_shared<const SharedMessage>(Message{MessageType::kText, text});
}

/// Remembers what it is told; `room`: so often it has some.
struct Ear final : Subscriber {
  explicit Ear(std::size_t often = SIZE_MAX) noexcept : room(often) {}
  Posted deliver(std::uint64_t id, Broadcast& told, bool) override {
    if (room == 0) return Posted::kNoRoom;
    --room;
    heard.emplace_back(told.message()->message().data);
    ids.push_back(id);
    return Posted::kTaken;
  }
  std::size_t room;
  std::vector<std::string> heard;
  std::vector<std::uint64_t> ids;
};

using Words = std::vector<std::string>;

/// Runs `work` on a worker of the test's own thread, and the turns that it takes.
void on_worker(const std::function<runtime::Task<void>(runtime::Worker&)>& work) {
  runtime::Worker worker;
  worker.post([&] { worker.spawn(work(worker)); });
  worker.run_once(std::chrono::milliseconds(0));
  while (worker.active_tasks() != 0) worker.run_once(std::chrono::milliseconds(0));
}

struct Said {
  std::vector<Topics::Receipt> receipts;
  bool done = false;
};
runtime::Task<void> say(Topics& topics, std::string topic, std::string text, Said& said) {
  auto place = topics.publisher(topic);
  if (!place) co_return;
  const auto receipt = co_await topics.publish(*place, message(std::move(text)));
  if (receipt) said.receipts.push_back(*receipt);
  said.done = true;
}

runtime::Task<void> everyone_hears(runtime::Worker& worker) {
  Topics topics({});
  Ear first;
  Ear second;
  Ear other;
  Said said;
  Subscription to_first(std::move(*topics.subscriber("/a")), first, 0);
  Subscription to_other(std::move(*topics.subscriber("/b")), other, 0);
  co_await say(topics, "/a", "one", said);
  {
    Subscription to_second(std::move(*topics.subscriber("/a")), second, 0);
    EXPECT_EQ(topics.subscribers("/a"), 2U);
    co_await say(topics, "/a", "two", said);
  }
  co_await say(topics, "/a", "three", said);
  EXPECT_EQ(first.heard, (Words{"one", "two", "three"}));
  EXPECT_EQ(second.heard, Words{"two"});
  EXPECT_TRUE(other.heard.empty());
  EXPECT_EQ(said.receipts[0].subscribers, 1U);
  EXPECT_EQ(said.receipts[1].subscribers, 2U);
  EXPECT_LT(said.receipts[0].id, said.receipts[1].id);
  EXPECT_EQ(first.ids[2], said.receipts[2].id);
  EXPECT_EQ(topics.subscribers("/nobody"), 0U);
  EXPECT_EQ(worker.active_tasks(), 1U);
}
TEST(Topics, WhoSubscribesHearsWhatIsPublished) { on_worker(everyone_hears); }

runtime::Task<void> history(runtime::Worker&) {
  Topics topics({.limits = {.history = 2}});
  Said said;
  for (const char* text : {"one", "two", "three"}) co_await say(topics, "/a", text, said);
  Ear all;
  Ear later;
  Ear none;
  Subscription to_all(std::move(*topics.subscriber("/a")), all, 0);
  Subscription to_later(std::move(*topics.subscriber("/a")), later, said.receipts[1].id);
  Subscription to_none(std::move(*topics.subscriber("/a")), none, said.receipts[2].id);
  co_await say(topics, "/a", "four", said);
  EXPECT_EQ(all.heard, (Words{"two", "three", "four"}));
  EXPECT_EQ(later.heard, (Words{"three", "four"}));
  EXPECT_EQ(none.heard, Words{"four"});
}
TEST(Topics, WhoComesLaterHearsWhatIsKept) { on_worker(history); }

runtime::Task<void> bytes_of_history(runtime::Worker&) {
  Topics topics({.limits = {.history = 100, .history_bytes = 30}});  // a frame of ten bytes takes twelve
  Said said;
  for (int i = 0; i < 5; ++i) co_await say(topics, "/a", "message " + std::to_string(10 + i), said);
  co_await say(topics, "/b", "has no room left here", said);
  Ear a;
  Ear b;
  Subscription to_a(std::move(*topics.subscriber("/a")), a, 0);
  Subscription to_b(std::move(*topics.subscriber("/b")), b, 0);
  EXPECT_EQ(a.heard, (Words{"message 13", "message 14"}));
  EXPECT_TRUE(b.heard.empty());
}
TEST(Topics, KeepNoMoreThanTheirBytes) { on_worker(bytes_of_history); }

runtime::Task<void> limits(runtime::Worker&) {
  Topics topics({.limits = {.topics = 2, .subscribers = 1}});
  Ear ear;
  {
    Subscription first(std::move(*topics.subscriber("/a")), ear, 0);
    EXPECT_EQ(topics.subscriber("/a").error(), Reason::kHubSubscribers);
    const auto second = topics.publisher("/b");
    EXPECT_TRUE(second);
    EXPECT_EQ(topics.publisher("/c").error(), Reason::kHubTopics);
    EXPECT_TRUE(topics.publisher("/a")) << "it exists";
  }
  EXPECT_TRUE(topics.publisher("/c")) << "nobody uses the others any more";
  EXPECT_TRUE(topics.subscriber("/a"));
  co_return;
}
TEST(Topics, AndTheirSubscribersAreCounted) { on_worker(limits); }

runtime::Task<void> eviction(runtime::Worker&) {
  Topics topics({.limits = {.history = 1, .topics = 2}});
  Said said;
  for (const char* topic : {"/a", "/b", "/a", "/c"}) co_await say(topics, topic, topic, said);
  Ear a;
  Ear b;
  {
    Subscription to_a(std::move(*topics.subscriber("/a")), a, 0);
    EXPECT_EQ(a.heard, Words{"/a"});
  }
  Subscription to_b(std::move(*topics.subscriber("/b")), b, 0);
  EXPECT_TRUE(b.heard.empty()) << "it was used longest ago";
}
TEST(Topics, OfThoseThatNobodyUsesTheOldestMakesRoom) { on_worker(eviction); }

runtime::Task<void> waiting(runtime::Worker& worker) {
  Topics topics({.on_slow = OnSlow::kPauseProducer});
  Ear slow(1);
  Ear fast;
  Said first;
  Said second;
  Said third;
  Subscription to_slow(std::move(*topics.subscriber("/a")), slow, 0);
  Subscription to_fast(std::move(*topics.subscriber("/a")), fast, 0);
  worker.spawn(say(topics, "/a", "one", first));
  worker.spawn(say(topics, "/a", "two", second));
  worker.spawn(say(topics, "/a", "three", third));
  co_await worker.yield();
  co_await worker.yield();
  EXPECT_TRUE(first.done);
  EXPECT_FALSE(second.done) << "the slow one has no room for it";
  EXPECT_EQ(fast.heard, (Words{"one", "two"})) << "who has room has it already, but no later one";
  slow.room = 1;
  to_slow.has_room();
  co_await worker.yield();
  co_await worker.yield();
  EXPECT_TRUE(second.done);
  EXPECT_FALSE(third.done);
  slow.room = SIZE_MAX;
  to_slow.has_room();
  co_await worker.yield();
  co_await worker.yield();
  EXPECT_TRUE(third.done);
  EXPECT_EQ(slow.heard, (Words{"one", "two", "three"}));
  EXPECT_EQ(fast.heard, slow.heard);
}
TEST(Topics, ThatWaitLoseNothing) { on_worker(waiting); }

runtime::Task<void> leaving(runtime::Worker& worker) {
  Topics topics({.on_slow = OnSlow::kPauseProducer});
  Ear slow(0);
  Said said;
  {
    Subscription to_slow(std::move(*topics.subscriber("/a")), slow, 0);
    worker.spawn(say(topics, "/a", "one", said));
    co_await worker.yield();
    EXPECT_FALSE(said.done);
  }
  co_await worker.yield();
  co_await worker.yield();
  EXPECT_TRUE(said.done) << "who waits for somebody that leaves goes on";
}
TEST(Topics, ThatWaitDoNotWaitForWhoHasLeft) { on_worker(leaving); }

// ---- several workers

/// Subscribes on one worker each, publishes from all: everybody hears the same, in the same order.
struct Crowd {
  static constexpr std::size_t kWorkers = 3;
  static constexpr std::size_t kEach = 400;

  explicit Crowd(bool wait)
      : topics({.limits = {.history = 10'000}, .on_slow = wait ? OnSlow::kPauseProducer : OnSlow::kClose}) {}

  static runtime::Task<void> listen(Crowd& crowd, runtime::Worker& worker, std::size_t index) {
    Subscription subscription(std::move(*crowd.topics.subscriber("/crowd")), crowd.ears[index], 0);
    ++crowd.ready;
    while (crowd.ready != kWorkers) co_await worker.sleep(std::chrono::milliseconds(1));
    Said said;
    for (std::size_t i = 0; i < kEach; ++i)
      co_await say(crowd.topics, "/crowd", std::to_string(index) + " " + std::to_string(i), said);
    EXPECT_EQ(said.receipts.size(), kEach);
    while (crowd.ears[index].heard.size() != kWorkers * kEach) co_await worker.sleep(std::chrono::milliseconds(1));
    ++crowd.done;
    while (crowd.done != kWorkers) co_await worker.sleep(std::chrono::milliseconds(1));
  }

  Topics topics;
  std::array<Ear, kWorkers> ears;
  std::atomic<std::size_t> ready = 0;
  std::atomic<std::size_t> done = 0;
};

TEST(Topics, OneOrderForAllWorkers) {
  for (const bool wait : {false, true}) {
    Crowd crowd(wait);
    runtime::WorkerPool pool({.workers = Crowd::kWorkers});
    pool.start([&crowd](runtime::Worker& worker) { worker.spawn(Crowd::listen(crowd, worker, worker.id())); });
    EXPECT_TRUE(pool.drain(std::chrono::seconds(60)));
    EXPECT_EQ(crowd.ears[0].heard.size(), Crowd::kWorkers * Crowd::kEach);
    EXPECT_EQ(crowd.ears[1].heard, crowd.ears[0].heard);
    EXPECT_EQ(crowd.ears[2].ids, crowd.ears[0].ids);
    EXPECT_TRUE(std::ranges::is_sorted(crowd.ears[0].ids));
  }
}

runtime::Task<void> lost(Topics& topics, bool& ended) {
  auto place = topics.publisher("/gone");
  ended = !(co_await topics.publish(*place, message("who hears it?")));
}

TEST(Topics, WhoseHomeHasEndedTellThePublisher) {
  Topics topics({.limits = {.history = 1}});
  Said said;
  {
    runtime::Worker home;
    home.post([&] { home.spawn(say(topics, "/gone", "at home", said)); });
    home.run_once(std::chrono::milliseconds(0));
  }
  EXPECT_TRUE(said.done);
  runtime::Worker worker;
  bool ended = false;
  worker.post([&] { worker.spawn(lost(topics, ended)); });
  worker.run_once(std::chrono::milliseconds(0));
  worker.run_once(std::chrono::milliseconds(0));
  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace flare::ws
