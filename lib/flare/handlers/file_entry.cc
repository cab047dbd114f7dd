#include "flare/handlers/file_entry.h"

#include <algorithm>

namespace flare::handlers {
namespace {

/// Times that 64 bits of nanoseconds cannot tell, before 1678 and after 2261, are the first and the last that they can.
std::int64_t nanoseconds(const timespec& time) noexcept {
  constexpr std::int64_t kMost = 9'200'000'000;
  return std::clamp<std::int64_t>(time.tv_sec, -kMost, kMost) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

FileStamp FileStamp::of(const struct stat& status) noexcept {
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size = static_cast<std::uint64_t>(status.st_size),
          .modified_ns = nanoseconds(status.st_mtim),
          .changed_ns = nanoseconds(status.st_ctim)};
}

bool FileEntry::fits_its_files() const noexcept {
  return std::ranges::all_of(variants, [](const FileVariant& variant) {
    struct stat status = {};
    return !variant.file || (::fstat(variant.file.get(), &status) == 0 && FileStamp::of(status) == variant.stamp);
  });
}

const FileVariant* FileEntry::find(std::string_view coding) const noexcept {
  const auto found = std::ranges::find(variants, coding, &FileVariant::coding);
  return found == variants.end() ? nullptr : &*found;
}

std::size_t FileEntry::bytes() const noexcept {
  std::size_t sum = sizeof(FileEntry);
  for (const FileVariant& variant : variants) sum += sizeof variant + (variant.content ? variant.content->size() : 0);
  return sum;
}

std::size_t FileEntry::descriptors() const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(variants, [](const FileVariant& variant) { return bool(variant.file); }));
}

}  // namespace flare::handlers
