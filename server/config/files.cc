#include "server/config/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace flare::server::config {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMaxFile = 4 * 1024 * 1024;

std::string system_words(int err) { return std::generic_category().message(err); }

std::string canonical(const std::string& path) {
  std::error_code error;
  const fs::path resolved = fs::canonical(path, error);
  return error ? std::string() : resolved.string();
}

class SystemFiles final : public Files {
 public:
  std::expected<std::string, std::string> read(const std::string& path) const override {
    std::error_code error;
    if (fs::is_directory(path, error)) return std::unexpected(system_words(EISDIR));
    errno = 0;
    std::ifstream stream(path, std::ios::binary);
    if (!stream) return std::unexpected(system_words(errno != 0 ? errno : EIO));
    std::string text(kMaxFile + 1, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    if (stream.bad()) return std::unexpected(system_words(EIO));
    if (text.size() > kMaxFile) return std::unexpected("larger than 4 MiB");
    return text;
  }

  std::vector<std::string> glob(const std::string& pattern) const override {
    glob_t found{};
    std::vector<std::string> paths;
    if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    ::globfree(&found);
    return paths;
  }

  std::optional<FileFacts> facts(const std::string& path) const override {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    const bool is_directory = S_ISDIR(status.st_mode);
    const int wanted = is_directory ? R_OK | X_OK : R_OK;
    return FileFacts{.canonical = canonical(path),
                     .is_directory = is_directory,
                     .readable = ::faccessat(AT_FDCWD, path.c_str(), wanted, AT_EACCESS) == 0,
                     .mode = status.st_mode & 07777U};
  }

  std::optional<std::string> environment(const std::string& name) const override {
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): the loader runs on one thread
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  }

  std::vector<std::string> homes() const override {
    constexpr uid_t kFirstPerson = 1000;
    constexpr uid_t kNobody = 65534;
    std::vector<std::string> found;
    const auto add = [&found](const std::string& path) {
      std::string resolved = canonical(path);
      if (!resolved.empty() && resolved != "/") found.push_back(std::move(resolved));
    };
    ::setpwent();
    while (const passwd* entry = ::getpwent()) {  // NOLINT(concurrency-mt-unsafe)
      const uid_t uid = entry->pw_uid;
      if (uid == 0 || (uid >= kFirstPerson && uid != kNobody)) add(entry->pw_dir);
    }
    ::endpwent();
    return found;
  }

  std::string user() const override {
    const uid_t uid = ::geteuid();
    const passwd* entry = ::getpwuid(uid);  // NOLINT(concurrency-mt-unsafe)
    return entry == nullptr ? fmt::format("uid {}", uid) : fmt::format("uid {} ({})", uid, entry->pw_name);
  }
};

}  // namespace

const Files& system_files() {
  static const SystemFiles files;
  return files;
}

std::string relative_to(const std::string& base_file, std::string_view path) {
  return (fs::path(base_file).parent_path() / fs::path(path)).lexically_normal().string();
}

}  // namespace flare::server::config
