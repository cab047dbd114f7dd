#include "flare/runtime/mailbox.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "flare/runtime/worker.h"

namespace flare::runtime {
namespace {

TEST(Mailbox, GivesTheOldestFirstAndSaysWhenItWasEmpty) {
  Mailbox<int> box;
  EXPECT_TRUE(box.put(1));
  EXPECT_FALSE(box.put(2));
  EXPECT_FALSE(box.put(3));
  std::vector<int> taken;
  box.take_all([&taken](int each) { taken.push_back(each); });
  EXPECT_EQ(taken, (std::vector<int>{1, 2, 3}));
  EXPECT_TRUE(box.put(4));
}

TEST(Mailbox, WhatIsPutWhileTakingIsForTheNextTime) {
  Mailbox<int> box;
  box.put(1);
  std::vector<int> taken;
  box.take_all([&](int each) {
    taken.push_back(each);
    EXPECT_TRUE(box.put(each + 1));
  });
  EXPECT_EQ(taken, std::vector<int>{1});
}

TEST(Mailbox, LosesNothingToAnExceptionButTheRest) {
  const auto alive = std::make_shared<int>(0);
  Mailbox<std::shared_ptr<int>> box;
  for (int i = 0; i < 3; ++i) box.put(alive);
  EXPECT_THROW(box.take_all([](const auto&) { throw std::runtime_error("no"); }), std::runtime_error);
  EXPECT_EQ(alive.use_count(), 1) << "nothing leaks";
  box.put(alive);
  EXPECT_EQ(alive.use_count(), 2);
}

TEST(Mailbox, EachThreadsOrderHolds) {
  constexpr int kThreads = 4;
  constexpr int kEach = 20'000;
  Mailbox<std::pair<int, int>> box;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&box, thread] {
      for (int i = 0; i < kEach; ++i) box.put({thread, i});
    });
  }
  std::vector<int> next(kThreads, 0);
  int taken = 0;
  while (taken < kThreads * kEach) {
    box.take_all([&](std::pair<int, int> each) {
      EXPECT_EQ(each.second, next[static_cast<std::size_t>(each.first)]++);
      ++taken;
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(RemoteWorker, IsTakenUntilTheWorkerHasEnded) {
  std::shared_ptr<RemoteWorker> remote;
  int done = 0;
  {
    Worker worker;
    remote = worker.remote();
    EXPECT_TRUE(remote->post([&done] { ++done; }));
    worker.run_once(std::chrono::milliseconds(0));
    EXPECT_EQ(done, 1);
    EXPECT_TRUE(remote->post([&done] { ++done; }));
    worker.stop();
    worker.run();
    EXPECT_FALSE(remote->post([&done] { done += 100; })) << "run() has returned";
  }
  EXPECT_FALSE(remote->post([&done] { done += 100; }));
  EXPECT_EQ(done, 2);
}

TEST(RemoteWorker, WhatIsLeftGoesWithTheWorkersRun) {
  const auto alive = std::make_shared<int>(0);
  Worker worker;
  worker.post([&worker, alive] {
    worker.stop();
    worker.post([alive] {});  // behind the stop: never done
    worker.post([alive] {});
  });
  worker.run();
  EXPECT_EQ(alive.use_count(), 1);
}

TEST(RemoteWorker, ManyThreadsMayPostWhileItEnds) {
  for (int round = 0; round < 50; ++round) {
    auto worker = std::make_unique<Worker>();
    const auto remote = worker->remote();
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([remote] {
        while (remote->post([] {})) {
        }
      });
    }
    worker->stop();
    worker->run();
    worker.reset();
    for (std::thread& thread : threads) thread.join();
  }
}

TEST(Worker, TellsOfADrain) {
  struct Ear final : Cancellation::Listener {
    using Listener::Listener;
    void on_cancel() override { ++told; }
    int told = 0;
  };
  Worker worker;
  Ear ear(worker.drain_begun());
  worker.run_once(std::chrono::milliseconds(0));
  EXPECT_EQ(ear.told, 0);
  worker.drain();
  worker.drain();
  worker.run_once(std::chrono::milliseconds(0));
  EXPECT_EQ(ear.told, 1);
  EXPECT_TRUE(worker.drain_begun().is_cancelled());
}

}  // namespace
}  // namespace flare::runtime
