#include "flare/handlers/file_tree.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "flare/base/quote.h"
#include "flare/handlers/compress_policy.h"
#include "flare/handlers/encode.h"
#include "flare/handlers/file_content.h"
#include "flare/handlers/static_files.h"
#include "flare/http/conditional.h"
#include "flare/http/date.h"
#include "flare/http/mime.h"
#include "flare/io/page_cache.h"

namespace flare::handlers {
namespace {

using net::UniqueFd;

/// RFC 9110 §8.8.2.2: a file this young could change again under the same date.
constexpr std::time_t kStrongDateAge = 1;
constexpr std::int64_t kSettledAge = 1'000'000'000;  // ns; the clock of file systems ticks every 10 ms at worst
constexpr std::uint64_t kWarmBytes = 256 * 1024;     // what leaves in one turn: above it, each part is looked at

struct Sidecar {
  std::string_view ending;
  std::string_view coding;
};
constexpr std::array<Sidecar, 3> kSidecars{Sidecar{"zst", "zstd"}, Sidecar{"br", "br"}, Sidecar{"gz", "gzip"}};

FileAnswer refused(http::Status status, Reason why) noexcept {
  return {.kind = FileAnswer::Kind::kRefused, .status = status, .why = why};
}

std::int64_t realtime_ns() noexcept {
  timespec now = {};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

bool is_settled(const FileStamp& stamp) noexcept { return realtime_ns() - stamp.changed_ns > kSettledAge; }

/// Some compressors give their file the source's time in whole seconds.
bool is_older(const FileStamp& sidecar, const FileStamp& source) noexcept {
  constexpr std::int64_t kSecond = 1'000'000'000;
  const bool whole_seconds = sidecar.modified_ns % kSecond == 0;
  return sidecar.modified_ns < (whole_seconds ? source.modified_ns - source.modified_ns % kSecond : source.modified_ns);
}

/// What of `before` still holds for a file with this stamp.
const FileVariant* unchanged(const FileEntry* before, std::string_view coding, const FileStamp& stamp) noexcept {
  const FileVariant* const known = before != nullptr ? before->find(coding) : nullptr;
  return known != nullptr && known->settled && known->stamp == stamp ? known : nullptr;
}

/// What is `plain` in another coding.
FileVariant encoded_variant(const FileVariant& plain, std::string_view coding,
                            std::shared_ptr<const std::string> content) {
  FileVariant variant = plain;
  variant.coding = coding;
  variant.made = true;
  variant.etag = encoded_etag(plain.etag, coding);
  variant.date_is_strong = false;
  variant.validators.set("ETag", variant.etag);
  variant.fields.set("ETag", variant.etag);
  variant.fields.append("Content-Encoding", coding);
  variant.fields.remove("Accept-Ranges");
  variant.futile = content->size() >= plain.stamp.size;
  variant.stamp.size = content->size();
  variant.content = std::move(content);
  variant.file = {};
  return variant;
}

}  // namespace

FileAnswer refusal_for(const Error& error) noexcept {
  using http::Status;
  if (error.reason == Reason::kFileTruncated) return refused(Status::kInternalServerError, error.reason);  // F-19
  switch (error.sys_errno) {
    case EAGAIN: return {.kind = FileAnswer::Kind::kWouldBlock};
    case EACCES:
    case EPERM: return refused(Status::kForbidden, Reason::kFileDenied);
    case ELOOP:
    case EXDEV: return refused(Status::kNotFound, Reason::kOutsideRoot);
    case ENXIO:
    case ENODEV: return refused(Status::kNotFound, Reason::kNotRegularFile);  // a socket, a device without driver
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case EINVAL: return refused(Status::kNotFound, Reason::kFileMissing);
    case EMFILE:
    case ENFILE:
    case ENOMEM: return refused(Status::kServiceUnavailable, Reason::kResourceExhausted);
    default: return refused(Status::kInternalServerError, Reason::kHandlerFailed);
  }
}

FileTree::FileTree(const std::string& root, StaticOptions options)
    : path_(root), root_(Root::open(root)), options_(std::move(options)) {
  if (!root_) {
    throw StaticRootError("static root " + quote(root) + ": " + flare::describe(Error::from_errno(errno)) +
                          "; it must be a folder that this process may enter");
  }
  for (const CacheRule& rule : options_.cache_control) {
    auto glob = Glob::parse(rule.match);
    if (!glob) throw StaticRootError("cache_control: " + quote(rule.match) + " is no pattern: " + glob.error());
    cache_control_.emplace_back(std::move(*glob), rule.value);
  }
}

std::shared_ptr<const FileTree::Root> FileTree::Root::open(const std::string& path) {
  net::UniqueFd folder(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat status = {};
  if (!folder || ::fstat(folder.get(), &status) != 0) return nullptr;
  const BeneathMethod method = choose_beneath_method(folder.get());
  return std::make_shared<const Root>(Root{std::move(folder), status.st_dev, status.st_ino, method});
}

/// The folder that has the root's name now: a site may be put in place by a rename or a link. Looked at once a second.
std::shared_ptr<const FileTree::Root> FileTree::root() const {
  const std::int64_t now = std::chrono::steady_clock::now().time_since_epoch() / std::chrono::seconds(1);
  const std::lock_guard lock(mutex_);
  if (std::exchange(looked_, now) == now) return root_;
  struct stat status = {};
  const bool same =
      ::stat(path_.c_str(), &status) != 0 || (status.st_dev == root_->device && status.st_ino == root_->inode);
  if (!same) {
    if (auto next = Root::open(path_)) root_ = std::move(next);
  }
  return root_;
}

Result<FileTree::OpenFile> FileTree::open(const std::string& path, Patience patience) const {
  const auto root = this->root();
  auto fd = open_beneath(root->folder.get(), path, root->method, options_.symlinks, patience);
  if (!fd) return std::unexpected(fd.error());
  OpenFile file{.fd = std::move(*fd)};
  if (::fstat(file.fd.get(), &file.status) != 0) return fail_errno(errno);
  return file;
}

FileAnswer FileTree::find(const FileQuestion& question, Patience patience) const {
  FileAnswer answer = find_named(question, patience);
  if (answer.why != Reason::kFileMissing || !question.may_fall_back) return answer;
  if (question.fallback_is_fresh)
    return {.kind = FileAnswer::Kind::kFallback, .entry = question.fallback_before, .looked = false};
  auto file = open(options_.fallback, patience);
  if (!file) return refusal_for(file.error());
  answer = load(options_.fallback, std::move(*file), question.fallback_before.get(), patience);
  if (answer.kind == FileAnswer::Kind::kFile) answer.kind = FileAnswer::Kind::kFallback;
  return answer;
}

FileAnswer FileTree::find_named(const FileQuestion& question, Patience patience) const {
  auto file = open(question.path, patience);
  if (!file) return refusal_for(file.error());
  if (!S_ISDIR(file->status.st_mode)) {
    if (question.wants_folder) return refused(http::Status::kNotFound, Reason::kFileMissing);
    return load(question.path, std::move(*file), question.before.get(), patience);
  }
  if (!question.wants_folder) return {.kind = FileAnswer::Kind::kFolder};
  return find_index(question, std::move(*file), patience);
}

FileAnswer FileTree::find_index(const FileQuestion& question, OpenFile folder, Patience patience) const {
  for (const std::string& name : options_.index) {
    const std::string path = question.path.empty() ? name : question.path + '/' + name;
    auto file = open(path, patience);
    if (file) return load(path, std::move(*file), question.before.get(), patience);
    if (file.error().sys_errno != ENOENT) return refusal_for(file.error());
  }
  if (options_.list == ListFormat::kOff) return refused(http::Status::kNotFound, Reason::kFileMissing);
  if (patience == Patience::kNever) return {.kind = FileAnswer::Kind::kWouldBlock};
  return list(question, std::move(folder.fd));
}

FileAnswer FileTree::list(const FileQuestion& question, UniqueFd folder) const {
  const auto look = [&](const std::string& name) -> std::optional<struct stat> {
    auto file = open(question.path.empty() ? name : question.path + '/' + name, Patience::kWait);
    return file ? std::optional(file->status) : std::nullopt;
  };
  auto names = read_folder(std::move(folder),
                           {.most = options_.list_entries,
                            .with_links = options_.symlinks != Symlinks::kNever,
                            .only_utf8 = question.only_utf8},
                           look);
  if (!names) return refusal_for(names.error());
  FileAnswer answer{.kind = FileAnswer::Kind::kListing};
  answer.listing = question.wants_json ? render_json(*names) : render_html(*names, question.title);
  return answer;
}

FileAnswer FileTree::load(const std::string& path, OpenFile file, const FileEntry* before, Patience patience) const {
  if (!S_ISREG(file.status.st_mode)) return refused(http::Status::kNotFound, Reason::kNotRegularFile);  // F-5
  auto entry = std::make_shared<FileEntry>();
  auto plain = make_variant(kIdentity, std::move(file), before, patience);
  if (!plain) return refusal_for(plain.error());
  entry->variants.push_back(std::move(*plain));
  if (auto added = add_sidecars(path, *entry, before, patience); !added) return refusal_for(added.error());
  describe(path, *entry);
  keep_made(*entry, before);
  return {.kind = FileAnswer::Kind::kFile, .entry = std::move(entry)};
}

/// F-18: what is missing, older than its source or no file is no reason to refuse; not knowing yet is.
Result<void> FileTree::add_sidecars(const std::string& path, FileEntry& entry, const FileEntry* before,
                                    Patience patience) const {
  for (const std::string& ending : options_.precompressed) {
    const auto* const sidecar = std::ranges::find(kSidecars, ending, &Sidecar::ending);
    if (sidecar == kSidecars.end()) continue;
    std::string name = path;
    name.append(".").append(ending);
    auto file = open(name, patience);
    if (file && S_ISREG(file->status.st_mode) && !is_older(FileStamp::of(file->status), entry.variants.front().stamp)) {
      auto variant = make_variant(sidecar->coding, std::move(*file), before, patience);
      if (variant) {
        entry.variants.push_back(std::move(*variant));
      } else if (variant.error().sys_errno == EAGAIN) {
        return std::unexpected(variant.error());
      }
    } else if (!file && file.error().sys_errno == EAGAIN) {
      return std::unexpected(file.error());
    }
  }
  return {};
}

/// A file that shrinks under the reader is being written: its new version is taken, if it holds still for that.
Result<FileVariant> FileTree::make_variant(std::string_view coding, OpenFile file, const FileEntry* before,
                                           Patience patience) const {
  constexpr int kTries = 4;
  for (int tries = 1;; ++tries) {
    auto variant = try_variant(coding, file, before, patience);
    if (variant || variant.error().reason != Reason::kFileTruncated || tries == kTries) return variant;
    if (::fstat(file.fd.get(), &file.status) != 0) return fail_errno(errno);
  }
}

Result<FileVariant> FileTree::try_variant(std::string_view coding, OpenFile& file, const FileEntry* before,
                                          Patience patience) const {
  FileVariant variant{.coding = coding, .stamp = FileStamp::of(file.status)};
  const FileStamp& stamp = variant.stamp;
  variant.settled = is_settled(stamp);
  const std::time_t now = std::time(nullptr);
  variant.modified = std::min<std::time_t>(stamp.modified_ns / 1'000'000'000, now);  // F-9: not in the future
  variant.date_is_strong = now - variant.modified > kStrongDateAge;
  const FileVariant* const known = unchanged(before, coding, stamp);
  auto tag = known != nullptr ? Result<std::string>(known->etag) : make_tag(variant, file.fd.get(), patience);
  if (!tag) return std::unexpected(tag.error());
  variant.etag = std::move(*tag);
  if (stamp.size > kInlineBytes) {
    variant.file = known != nullptr ? known->file : net::SharedFd(std::move(file.fd));
    variant.cold = stamp.size > kWarmBytes || !io::is_resident(variant.file.get(), 0, stamp.size);
  } else if (known != nullptr) {
    variant.content = known->content;
  } else {
    auto bytes = read_content(file.fd.get(), static_cast<std::size_t>(stamp.size), patience);
    if (!bytes) return std::unexpected(bytes.error());
    variant.content = std::make_shared<const std::string>(std::move(*bytes));
  }
  return variant;
}

/// F-9: each representation has its own, however alike the files are.
Result<std::string> FileTree::make_tag(const FileVariant& variant, int file, Patience patience) const {
  const FileStamp& stamp = variant.stamp;
  auto tag = options_.etag == EtagFrom::kContent ? content_tag(file, stamp.size, patience)
                                                 : http::make_etag(stamp.size, stamp.modified_ns);
  if (tag && variant.coding != kIdentity) tag->insert(tag->size() - 1, "-" + std::string(variant.coding));
  return tag;
}

/// The fields of all variants.
void FileTree::describe(const std::string& path, FileEntry& entry) const {
  const std::string_view type = http::mime_type(path);
  const auto cached = cache_control(path);
  entry.compressible =
      options_.compress && is_compressible(*options_.compress, type) && (!cached || may_transform(*cached));
  entry.negotiable = !options_.precompressed.empty() || entry.compressible;
  for (FileVariant& variant : entry.variants) {
    std::array<char, http::kHttpDateSize> date;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled below
    http::format_http_date(variant.modified, date.data());
    http::HeaderMap& validators = variant.validators;
    validators.append("ETag", variant.etag);
    validators.append("Last-Modified", {date.data(), date.size()});
    if (cached) validators.append("Cache-Control", *cached);
    if (entry.variants.size() > 1 || entry.compressible) validators.append("Vary", "Accept-Encoding");
    variant.fields = validators;  // F-11: a 304 has them all
    variant.fields.append("Content-Type", type);
    if (variant.coding != kIdentity) variant.fields.append("Content-Encoding", variant.coding);
    if (type == http::kOctetStream) variant.fields.append("X-Content-Type-Options", "nosniff");  // F-8
    variant.fields.append("Accept-Ranges", "bytes");
  }
}

/// What was compressed stays so while the file does not change.
void FileTree::keep_made(FileEntry& entry, const FileEntry* before) const {
  const FileVariant& plain = entry.variants.front();
  if (!entry.compressible || unchanged(before, kIdentity, plain.stamp) == nullptr) return;
  for (const FileVariant& old : before->variants) {
    if (old.made && entry.find(old.coding) == nullptr)
      entry.variants.push_back(encoded_variant(entry.variants.front(), old.coding, old.content));
  }
}

Result<FileVariant> FileTree::encode(const FileEntry& entry, http::ContentCoding coding) const {
  const FileVariant& plain = entry.variants.front();
  const bool kept = plain.stamp.size < options_.cache && (plain.content || options_.open_files != 0);
  std::string bytes;
  if (!plain.content) {
    auto read = read_content(plain.file.get(), static_cast<std::size_t>(plain.stamp.size), Patience::kWait);
    if (!read) return std::unexpected(read.error());
    bytes = std::move(*read);
  }
  auto content = std::make_shared<const std::string>(handlers::encode(
      coding, plain.content ? std::string_view(*plain.content) : bytes, kept ? Effort::kKept : Effort::kOnce));
  return encoded_variant(plain, to_string(coding), std::move(content));
}

std::optional<std::string_view> FileTree::cache_control(std::string_view path) const {
  const auto rule = std::ranges::find_if(cache_control_, [path](const auto& one) { return one.first.matches(path); });
  return rule == cache_control_.end() ? std::nullopt : std::optional<std::string_view>(rule->second);
}

}  // namespace flare::handlers
