#include "flare/handlers/access/basic_auth.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "flare/base/ascii.h"
#include "flare/base/base64.h"
#include "flare/base/siphash.h"
#include "flare/http/response.h"
#include "flare/runtime/offload.h"
#include "flare/runtime/worker.h"

namespace flare::handlers {
namespace {

using http::Response;
using http::Status;
using runtime::TimePoint;
using runtime::Worker;

/// Enough to tell that a file is not the one that was read.
struct Stamp {
  ino_t inode = 0;
  off_t size = 0;
  timespec changed{};

  static Stamp of(const std::string& path) noexcept {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return {};
    return {.inode = status.st_ino, .size = status.st_size, .changed = status.st_mtim};
  }
  friend bool operator==(const Stamp& a, const Stamp& b) noexcept {
    return a.inode == b.inode && a.size == b.size && a.changed.tv_sec == b.changed.tv_sec &&
           a.changed.tv_nsec == b.changed.tv_nsec;
  }
};

/// "NAME:PASSWORD" of an Authorization field; nullopt: it holds none of Basic.
std::optional<std::string> credentials_of(const http::Request& request) {
  constexpr std::string_view kScheme = "basic ";
  const auto field = request.header("Authorization");
  if (!field || field->size() <= kScheme.size() || !ascii::iequals(field->substr(0, kScheme.size()), kScheme))
    return std::nullopt;
  auto decoded = base64_decode(ascii::trim(field->substr(kScheme.size())));
  if (!decoded || !decoded->contains(':')) return std::nullopt;
  return decoded;
}

std::string_view user_of(std::string_view credentials) { return credentials.substr(0, credentials.find(':')); }

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + '"';
}

}  // namespace

struct BasicAuth::Shared {
  Shared(BasicAuthOptions chosen, http::Handler next)
      : options(std::move(chosen)),
        handler(std::move(next)),
        challenge("Basic realm=" + quoted(options.realm) + ", charset=\"UTF-8\""),
        stamp(Stamp::of(options.users_file)),
        users(std::make_shared<const PasswordFile>(PasswordFile::load(options.users_file))) {}

  /// The file as it is now, or as it last could be used. Blocks.
  std::shared_ptr<const PasswordFile> current_users() {
    const std::scoped_lock lock(mutex);
    const Stamp now = Stamp::of(options.users_file);
    if (now == stamp) return users;
    stamp = now;
    try {
      users = std::make_shared<const PasswordFile>(PasswordFile::load(options.users_file));
      ++generation;
    } catch (const PasswordFileError& error) {
      if (options.report) options.report(std::string(error.what()) + "; the users of before stay");
    }
    return users;
  }
  [[nodiscard]] Response refusal(Reason why) const {
    Response response = http::error_response(Status::kUnauthorized, why);
    response.headers.set("WWW-Authenticate", challenge);
    return response;
  }

  const BasicAuthOptions options;
  const http::Handler handler;
  const std::string challenge;
  const SipKey key = SipKey::random();
  std::atomic<unsigned> pending = 0;
  std::atomic<std::uint64_t> generation = 0;  ///< of the file
  std::mutex mutex;
  Stamp stamp;
  std::shared_ptr<const PasswordFile> users;
};

/// What was right, on one worker.
class BasicAuth::Remembered final : public runtime::WorkerLocal {
 public:
  static Remembered& of(const std::shared_ptr<Shared>& shared, Worker& worker) {
    const auto* found = worker.find_local(shared.get());
    if (found == nullptr) found = &worker.keep_local(shared.get(), std::make_shared<Remembered>(shared));
    return static_cast<Remembered&>(**found);
  }
  explicit Remembered(std::weak_ptr<Shared> shared) noexcept : shared_(std::move(shared)) {}

  [[nodiscard]] bool is_expired() const noexcept override { return shared_.expired(); }
  [[nodiscard]] bool knows(const Hash128& hash, std::uint64_t generation, TimePoint now) const {
    const auto found = until_.find(hash.low);
    return generation == generation_ && found != until_.end() && found->second.hash == hash &&
           now < found->second.until;
  }
  void add(const Hash128& hash, std::uint64_t generation, TimePoint until) {
    constexpr std::size_t kMost = 1024;
    if (generation != generation_ || until_.size() >= kMost) until_.clear();
    generation_ = generation;
    until_.insert_or_assign(hash.low, Entry{.hash = hash, .until = until});
  }

 private:
  struct Entry {
    Hash128 hash;
    TimePoint until;
  };
  std::weak_ptr<Shared> shared_;
  std::uint64_t generation_ = 0;
  std::unordered_map<std::uint64_t, Entry> until_;
};

BasicAuth::BasicAuth(BasicAuthOptions options, http::Handler handler)
    : shared_(std::make_shared<Shared>(std::move(options), std::move(handler))) {}

http::Reply BasicAuth::operator()(http::Request& request) const {
  auto credentials = credentials_of(request);
  if (!credentials) return shared_->refusal(Reason::kAuthRequired);
  Worker& worker = Worker::current();
  const auto& remembered = Remembered::of(shared_, worker);
  if (remembered.knows(siphash(shared_->key, *credentials), shared_->generation.load(), worker.now())) {
    request.set_user(user_of(*credentials));
    return shared_->handler(request);
  }
  return verify(shared_, request, std::move(*credentials));
}

runtime::Task<Response> BasicAuth::verify(std::shared_ptr<Shared> shared, http::Request& request,
                                          std::string credentials) {
  if (shared->pending.fetch_add(1) >= shared->options.most_pending) {
    shared->pending.fetch_sub(1);
    Response busy = http::error_response(Status::kServiceUnavailable, Reason::kAuthBusy);
    busy.headers.set("Retry-After", "1");
    co_return busy;
  }
  Worker& worker = Worker::current();
  const std::uint64_t generation = shared->generation.load();  // before the file is looked at
  // The place is given back with the job: also where nobody waits for that any more.
  const std::shared_ptr<void> place(nullptr, [shared](void*) { shared->pending.fetch_sub(1); });
  auto job = [shared, credentials, place] {
    const std::string_view all = credentials;
    const std::size_t colon = all.find(':');
    return shared->current_users()->verify(all.substr(0, colon), all.substr(colon + 1));
  };
  const auto verified =
      co_await runtime::offload(worker, *worker.offload_pool(), request.cancellation(), std::move(job));
  if (!verified.value_or(false)) co_return shared->refusal(Reason::kAuthFailed);
  if (shared->options.cache.count() != 0) {
    Remembered::of(shared, worker)
        .add(siphash(shared->key, credentials), generation, worker.now() + shared->options.cache);
  }
  request.set_user(user_of(credentials));
  http::Reply reply = shared->handler(request);
  if (Response* response = reply.now()) co_return std::move(*response);
  co_return co_await std::move(*reply.later());
}

}  // namespace flare::handlers
