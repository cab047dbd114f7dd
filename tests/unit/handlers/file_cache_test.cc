#include "flare/handlers/file_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace flare::handlers {
namespace {

using runtime::TimePoint;
using std::chrono::milliseconds;

std::shared_ptr<const FileEntry> entry_of(std::size_t bytes) {
  auto entry = std::make_shared<FileEntry>();
  entry->variants.push_back({.content = std::make_shared<const std::string>(bytes, 'x')});
  return entry;
}

std::shared_ptr<const FileEntry> open_entry() {
  auto entry = std::make_shared<FileEntry>();
  entry->variants.push_back({.file = net::UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC))});
  return entry;
}

constexpr TimePoint kNow{milliseconds(1'000'000)};

TEST(FileCache, RemembersUntilItIsTooOld) {
  FileCache cache({.bytes = 100'000, .descriptors = 10});
  EXPECT_EQ(cache.find("a"), nullptr);
  const auto entry = entry_of(10);
  cache.put("a", entry, kNow);
  const FileCache::Slot* slot = cache.find("a");
  ASSERT_NE(slot, nullptr);
  EXPECT_EQ(slot->entry, entry);
  EXPECT_TRUE(slot->is_fresh(kNow));
  EXPECT_TRUE(slot->is_fresh(kNow + milliseconds(999)));
  EXPECT_FALSE(slot->is_fresh(kNow + milliseconds(1000)));
}

/// A file without a name, and an entry of it that fits.
struct OpenFile {
  OpenFile() : fd(net::UniqueFd(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600))) {
    struct stat status = {};
    if (::fstat(fd.get(), &status) != 0) std::abort();
    auto made = std::make_shared<FileEntry>();
    made->variants.push_back({.stamp = FileStamp::of(status), .file = fd});
    entry = std::move(made);
  }
  void grow() const { ASSERT_EQ(::ftruncate(fd.get(), 10), 0); }
  net::SharedFd fd;
  std::shared_ptr<const FileEntry> entry;
};

TEST(FileCache, LooksAtADescriptorOnceInATurn) {
  const OpenFile file;
  FileCache cache({.bytes = 100'000, .descriptors = 10});
  runtime::Worker worker;
  std::vector<bool> held;
  const auto look = [&] { held.push_back(cache.find("a")->holds(worker)); };
  worker.post([&] {
    cache.put("a", file.entry, worker.now());
    look();
    file.grow();
    look();  // the same turn
  });
  worker.run_once(milliseconds(0));
  worker.post(look);
  worker.run_once(milliseconds(0));
  EXPECT_EQ(held, (std::vector<bool>{true, true, false}));
}

TEST(FileCache, ALookHoldsNoLongerThanItsEntryIsFresh) {
  const OpenFile file;
  FileCache cache({.bytes = 100'000, .descriptors = 10});
  runtime::Worker worker;
  cache.put("a", file.entry, worker.now() - FileCache::kFresh);
  EXPECT_FALSE(cache.find("a")->holds(worker));
}

TEST(FileCache, WhatCannotBeKeptPushesNothingOut) {
  FileCache cache({.bytes = 10'000, .descriptors = 0});
  cache.put("small", entry_of(10), kNow);
  cache.put("large", entry_of(20'000), kNow);
  cache.put("open", open_entry(), kNow);
  EXPECT_NE(cache.find("small"), nullptr);
  EXPECT_EQ(cache.size(), 1U);
}

TEST(FileCache, OnlyWhoHoldsADescriptorMakesRoomForOne) {
  FileCache cache({.bytes = 100'000, .descriptors = 2});
  cache.put("first", open_entry(), kNow);
  cache.put("memory", entry_of(10), kNow);
  cache.put("second", open_entry(), kNow);
  cache.put("third", open_entry(), kNow);
  EXPECT_EQ(cache.find("first"), nullptr);
  for (const char* kept : {"memory", "second", "third"}) EXPECT_NE(cache.find(kept), nullptr) << kept;
}

TEST(FileCache, AWorkerDropsWhatNobodyAsksFor) {
  FileCache cache({.bytes = 100'000, .descriptors = 10});
  runtime::Worker worker;
  worker.post([&] { cache.put("soon", open_entry(), worker.now() - FileCache::kIdle + milliseconds(50)); });
  worker.run_once(milliseconds(0));
  EXPECT_EQ(cache.size(), 1U);
  while (cache.size() != 0) worker.run_once(milliseconds(1000));
}

TEST(FileCache, ReplacesWhatHasTheSameName) {
  FileCache cache({.bytes = 100'000, .descriptors = 10});
  cache.put("a", entry_of(10), kNow);
  const std::size_t bytes = cache.bytes();
  const auto second = entry_of(10);
  cache.put(cache.find("a")->key, second, kNow);  // the name lies in the slot that goes
  EXPECT_EQ(cache.find("a")->entry, second);
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_EQ(cache.bytes(), bytes);
  cache.remove("a");
  cache.remove("a");
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(FileCache, ForgetsWhatWasUsedLongestAgo) {
  FileCache cache({.bytes = 50'000, .descriptors = 10});
  for (const char* name : {"a", "b", "c"}) cache.put(name, entry_of(12'000), kNow);
  EXPECT_NE(cache.find("a"), nullptr);
  cache.put("d", entry_of(12'000), kNow);
  EXPECT_EQ(cache.find("b"), nullptr);
  EXPECT_NE(cache.find("a"), nullptr);
  EXPECT_LE(cache.bytes(), 50'000U);
}

TEST(FileCache, KeepsNothingLargerThanItself) {
  FileCache cache({.bytes = 1000, .descriptors = 0});
  cache.put("a", entry_of(5000), kNow);
  EXPECT_EQ(cache.find("a"), nullptr);
  cache.put("a", open_entry(), kNow);
  EXPECT_EQ(cache.size(), 0U);
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(FileCache, BoundsTheDescriptorsItHolds) {
  FileCache cache({.bytes = 1'000'000, .descriptors = 3});
  for (int i = 0; i < 10; ++i) cache.put(std::to_string(i), open_entry(), kNow);
  EXPECT_EQ(cache.descriptors(), 3U);
  EXPECT_EQ(cache.size(), 3U);
  EXPECT_NE(cache.find("9"), nullptr);
}

TEST(FileCache, DropsWhatNobodyHasAskedForInAWhile) {
  FileCache cache({.bytes = 1'000'000, .descriptors = 3});
  cache.put("old", open_entry(), kNow);
  cache.put("new", open_entry(), kNow + FileCache::kIdle + milliseconds(1));
  EXPECT_EQ(cache.find("old"), nullptr);
  EXPECT_NE(cache.find("new"), nullptr);
}

TEST(FileCache, EachOwnerHasItsOwnOnEachThread) {
  const auto one = std::make_shared<int>(1);
  auto other = std::make_shared<int>(2);
  const FileCache::Limits limits{.bytes = 100'000, .descriptors = 1};
  FileCache& cache = FileCache::of_this_thread(one, limits);
  cache.put("a", entry_of(1), kNow);
  EXPECT_EQ(&FileCache::of_this_thread(one, limits), &cache);
  EXPECT_EQ(FileCache::of_this_thread(other, limits).find("a"), nullptr);
  // Whoever gets the address of one that is gone does not get its files.
  FileCache::of_this_thread(other, limits).put("b", entry_of(1), kNow);
  const void* const address = other.get();
  for (int i = 0; i < 100; ++i) {
    other.reset();
    other = std::make_shared<int>(3);
    if (other.get() == address) EXPECT_EQ(FileCache::of_this_thread(other, limits).find("b"), nullptr);
  }
}

}  // namespace
}  // namespace flare::handlers
