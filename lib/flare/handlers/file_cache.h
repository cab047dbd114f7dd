// What one worker remembers of the files it has sent.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "flare/handlers/file_entry.h"
#include "flare/handlers/variant_making.h"
#include "flare/runtime/timer_wheel.h"
#include "flare/runtime/worker.h"

namespace flare::handlers {

/// Bounded in bytes and in descriptors; what was used longest ago goes first. One thread.
class FileCache final : private runtime::TimerEntry {
 public:
  /// How long an entry is believed without a look at the file.
  static constexpr std::chrono::milliseconds kFresh{1000};
  /// What nobody has asked for in this time is dropped, on a worker by its timer: a deleted file must not keep its room
  /// on the disk for ever.
  static constexpr std::chrono::milliseconds kIdle{60'000};

  struct Limits {
    std::size_t bytes = 0;
    std::size_t descriptors = 0;
  };
  struct Slot {
    std::string key;
    std::shared_ptr<const FileEntry> entry;
    runtime::TimePoint checked;     ///< against the file
    std::uint64_t fitted_turn = 0;  ///< of the worker, in which its descriptors were last looked at

    [[nodiscard]] bool is_fresh(runtime::TimePoint now) const noexcept { return now - checked < kFresh; }
    /// Fresh, and FileEntry::fits_its_files(), which is asked once in a turn of the worker for all its requests.
    bool holds(const runtime::Worker& worker) noexcept;
  };

  explicit FileCache(Limits limits) noexcept : limits_(limits) {}

  /// The cache of `owner` on this thread, made with `limits` when it is first asked for; gone some time after its
  /// owner.
  static FileCache& of_this_thread(const std::shared_ptr<const void>& owner, Limits limits);

  /// nullptr: not there. The slot lives until the next put() or remove().
  [[nodiscard]] Slot* find(std::string_view key);
  /// Replaces; an entry that is too large for the cache is not kept.
  void put(std::string_view key, std::shared_ptr<const FileEntry> entry, runtime::TimePoint checked);
  void remove(std::string_view key);

  /// What is being made for the files.
  [[nodiscard]] std::vector<std::shared_ptr<VariantMaking>>& making() noexcept { return making_; }

  [[nodiscard]] std::size_t size() const noexcept { return slots_.size(); }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::size_t descriptors() const noexcept { return descriptors_; }

 private:
  static std::size_t cost(const Slot& slot) noexcept;
  /// It could be kept if nothing else were.
  [[nodiscard]] bool fits(const Slot& slot) const noexcept;
  void make_room();
  void drop_idle(runtime::TimePoint now);
  void on_timer() override;
  void drop(std::list<Slot>::iterator slot);

  Limits limits_;
  std::list<Slot> slots_;                                                   ///< the latest used first
  std::unordered_map<std::string_view, std::list<Slot>::iterator> by_key_;  ///< keys lie in the slots
  std::size_t bytes_ = 0;
  std::size_t descriptors_ = 0;
  std::vector<std::shared_ptr<VariantMaking>> making_;
};

}  // namespace flare::handlers
