#include "flare/handlers/beneath_walk.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace flare::handlers {
namespace {

using net::UniqueFd;

constexpr int kOpenFlags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW;
constexpr int kStepFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr int kLinkFlags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
constexpr int kMostLinks = 40;              // as the kernel
constexpr std::size_t kDeepest = 128;       // each folder on the way holds a descriptor
constexpr std::size_t kMostSteps = 16'384;  // of a path and of what its links put in their places

Result<UniqueFd> open_at(int folder, const char* name, int flags) noexcept {
  for (;;) {
    const int fd = ::openat(folder, name, flags);
    if (fd >= 0) return UniqueFd(fd);
    if (errno != EINTR) return fail_errno(errno);
  }
}

std::optional<uid_t> owner_of(int file) noexcept {
  struct stat status = {};
  return ::fstat(file, &status) == 0 ? std::optional(status.st_uid) : std::nullopt;
}

class Walk {
 public:
  Walk(int root, Symlinks symlinks) noexcept : root_(root), symlinks_(symlinks) {}

  Result<UniqueFd> open(std::string_view path) {
    if (auto queued = queue(path); !queued) return std::unexpected(queued.error());
    while (!steps_.empty()) {
      const Step step = std::move(steps_.back());
      steps_.pop_back();
      if (step.link_owner) {
        if (owner_of(folder()) != step.link_owner) return fail_errno(ELOOP);
      } else if (step.name == "..") {
        if (symlinks_ == Symlinks::kNever || folders_.empty()) return fail_errno(EXDEV);
        folders_.pop_back();
      } else if (!step.name.empty() && step.name != ".") {
        auto done = take(step.name);
        if (!done || *done) return done;
      }
    }
    return open_at(folder(), ".", kOpenFlags);
  }

 private:
  /// A name to go to; or, with an owner, the place where a link has been resolved: what it led to must be that user's.
  struct Step {
    std::string name;
    std::optional<uid_t> link_owner;
  };

  [[nodiscard]] int folder() const noexcept { return folders_.empty() ? root_ : folders_.back().get(); }

  [[nodiscard]] bool is_last_name() const noexcept {
    for (const Step& step : steps_) {
      if (!step.link_owner) return false;
    }
    return true;
  }

  /// Puts the components of `path` before what is left.
  Result<void> queue(std::string_view path) {
    if (path.starts_with('/')) return fail_errno(EXDEV);
    for (;;) {
      const std::size_t slash = path.rfind('/');
      const std::string_view name = path.substr(slash + 1);  // npos + 1 == 0
      if (name.size() > NAME_MAX || steps_.size() >= kMostSteps) return fail_errno(ENAMETOOLONG);
      steps_.push_back({std::string(name), std::nullopt});
      if (slash == std::string_view::npos) return {};
      path = path.substr(0, slash);
    }
  }

  /// Goes to `name`: the open file if that was the end, an empty descriptor if the walk goes on.
  Result<UniqueFd> take(const std::string& name) {
    const bool last = is_last_name();
    auto next = open_at(folder(), name.c_str(), last ? kOpenFlags : kStepFlags);
    if (!next) {
      // With O_DIRECTORY, Linux reports a symbolic link as ENOTDIR.
      const int error = next.error().sys_errno;
      return error == ELOOP || error == ENOTDIR ? follow(name, error) : std::move(next);
    }
    if (last) return owned_by_all(std::move(*next));
    if (folders_.size() >= kDeepest) return fail_errno(ENAMETOOLONG);
    if (symlinks_ == Symlinks::kNever) folders_.clear();  // no way leads back
    folders_.push_back(std::move(*next));
    return UniqueFd();
  }

  Result<UniqueFd> owned_by_all(UniqueFd file) const {
    for (const Step& step : steps_) {
      if (owner_of(file.get()) != step.link_owner) return fail_errno(ELOOP);
    }
    return file;
  }

  Result<UniqueFd> follow(const std::string& name, int error) {
    auto link = open_at(folder(), name.c_str(), kLinkFlags);
    if (!link) return link;
    struct stat status = {};
    if (::fstat(link->get(), &status) != 0) return fail_errno(errno);
    if (!S_ISLNK(status.st_mode)) return fail_errno(error == ELOOP ? ENOENT : error);  // swapped meanwhile, or a file
    struct statfs system = {};
    const bool magic = ::fstatfs(link->get(), &system) != 0 || system.f_type == PROC_SUPER_MAGIC;
    if (symlinks_ == Symlinks::kNever || magic || ++links_ > kMostLinks) return fail_errno(ELOOP);
    std::array<char, PATH_MAX> target;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled below
    const ssize_t size = ::readlinkat(link->get(), "", target.data(), target.size());
    if (size <= 0) return fail_errno(size < 0 ? errno : ENOENT);
    if (static_cast<std::size_t>(size) == target.size()) return fail_errno(ENAMETOOLONG);
    if (symlinks_ == Symlinks::kSameOwner) steps_.push_back({{}, status.st_uid});
    if (auto queued = queue({target.data(), static_cast<std::size_t>(size)}); !queued)
      return std::unexpected(queued.error());
    return UniqueFd();
  }

  int root_;
  Symlinks symlinks_;
  int links_ = 0;
  std::vector<UniqueFd> folders_;  ///< from the root down, without it
  std::vector<Step> steps_;        ///< the next one last
};

}  // namespace

Result<UniqueFd> walk_beneath(int root, std::string_view path, Symlinks symlinks) {
  return Walk(root, symlinks).open(path);
}

}  // namespace flare::handlers
