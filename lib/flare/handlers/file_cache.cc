#include "flare/handlers/file_cache.h"

#include <utility>

namespace flare::handlers {

FileCache& FileCache::of_this_thread(const std::shared_ptr<const void>& owner, Limits limits) {
  struct Held {
    std::weak_ptr<const void> owner;
    FileCache cache;
  };
  thread_local std::unordered_map<const void*, Held> caches;
  const auto found = caches.find(owner.get());
  if (found != caches.end() && !found->second.owner.expired()) [[likely]]
    return found->second.cache;
  std::erase_if(caches, [](const auto& item) { return item.second.owner.expired(); });
  return caches.emplace(owner.get(), Held{owner, FileCache(limits)}).first->second.cache;
}

bool FileCache::Slot::holds(const runtime::Worker& worker) noexcept {
  if (!is_fresh(worker.now())) return false;
  const std::uint64_t turn = worker.counters().turns.value();
  if (fitted_turn == turn) return true;
  if (!entry->fits_its_files()) return false;
  fitted_turn = turn;
  return true;
}

FileCache::Slot* FileCache::find(std::string_view key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  if (found->second != slots_.begin()) slots_.splice(slots_.begin(), slots_, found->second);
  return &*found->second;
}

void FileCache::put(std::string_view key, std::shared_ptr<const FileEntry> entry, runtime::TimePoint checked) {
  const std::string own(key);  // `key` may lie in the slot that goes
  remove(own);
  slots_.push_front({.key = own, .entry = std::move(entry), .checked = checked});
  by_key_.emplace(slots_.front().key, slots_.begin());
  bytes_ += cost(slots_.front());
  descriptors_ += slots_.front().entry->descriptors();
  while (!slots_.empty() &&
         (bytes_ > limits_.bytes || descriptors_ > limits_.descriptors || checked - slots_.back().checked > kIdle))
    drop(std::prev(slots_.end()));
}

void FileCache::remove(std::string_view key) {
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) drop(found->second);
}

std::size_t FileCache::cost(const Slot& slot) noexcept {
  constexpr std::size_t kNodes = 128;  // of the list and the map
  return kNodes + sizeof(Slot) + slot.key.size() + slot.entry->bytes();
}

void FileCache::drop(std::list<Slot>::iterator slot) {
  bytes_ -= cost(*slot);
  descriptors_ -= slot->entry->descriptors();
  by_key_.erase(slot->key);
  slots_.erase(slot);
}

}  // namespace flare::handlers
