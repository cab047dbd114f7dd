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
  Slot slot{.key = own, .entry = std::move(entry), .checked = checked};
  if (!fits(slot)) return;
  slots_.push_front(std::move(slot));
  by_key_.emplace(slots_.front().key, slots_.begin());
  bytes_ += cost(slots_.front());
  descriptors_ += slots_.front().entry->descriptors();
  drop_idle(checked);
  make_room();
  runtime::Worker* const worker = runtime::Worker::find_current();
  if (worker != nullptr && !is_scheduled()) worker->timers().schedule(*this, slots_.back().checked + kIdle);
}

bool FileCache::fits(const Slot& slot) const noexcept {
  return cost(slot) <= limits_.bytes && slot.entry->descriptors() <= limits_.descriptors;
}

void FileCache::drop_idle(runtime::TimePoint now) {
  while (!slots_.empty() && now - slots_.back().checked >= kIdle) drop(std::prev(slots_.end()));
}

void FileCache::on_timer() {
  runtime::Worker& worker = runtime::Worker::current();
  drop_idle(worker.now());
  if (!slots_.empty()) worker.timers().schedule(*this, slots_.back().checked + kIdle);
}

void FileCache::make_room() {
  while (bytes_ > limits_.bytes) drop(std::prev(slots_.end()));
  for (auto slot = slots_.end(); descriptors_ > limits_.descriptors;) {  // who holds none gives none
    --slot;
    if (slot->entry->descriptors() != 0) drop(slot++);
  }
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
