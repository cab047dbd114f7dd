#include "flare/handlers/static_files.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>

#include "flare/handlers/compress_policy.h"
#include "flare/handlers/file_cache.h"
#include "flare/handlers/file_response.h"
#include "flare/handlers/file_tree.h"
#include "flare/handlers/uri_text.h"
#include "flare/http/path.h"
#include "flare/http/quality.h"
#include "flare/runtime/offload.h"
#include "flare/runtime/until.h"
#include "flare/runtime/worker.h"

namespace flare::handlers {
namespace {

using http::Reply;
using http::Request;
using http::Response;
using http::Status;
using runtime::Worker;

constexpr std::string_view kAllow = "GET, HEAD, OPTIONS";  // F-1
/// Keys of files that no path names; those of paths begin with no slash.
constexpr std::string_view kFallbackKey = "/fallback";
constexpr std::string_view kExactKey = "/exact";

Response other_method(const Request& request) {
  Response response = request.method() == http::Method::kOptions
                          ? http::no_content()
                          : error_response(Status::kMethodNotAllowed, Reason::kMethodNotAllowed);
  response.headers.append("Allow", kAllow);
  return response;
}

/// H-26: an encoded separator is no part of any file's name. Triplets of a canonical path are upper-case.
bool has_encoded_separator(std::string_view path) noexcept { return path.contains("%2F") || path.contains("%5C"); }

/// F-4, RFC 8615. A canonical path has no encoded dots.
bool is_hidden(std::string_view tail, const Request& request) noexcept {
  constexpr std::string_view kWellKnown = ".well-known/";
  if (tail.starts_with(kWellKnown) && request.path().starts_with("/.well-known/"))
    tail.remove_prefix(kWellKnown.size());
  return tail.starts_with('.') || tail.contains("/.");
}

/// F-6: the same path with a slash at its end. Canonical, hence never "//host".
Response redirect_to_folder(const Request& request) {
  std::string location;
  append_uri_text(location, request.path());
  location += '/';
  if (request.head().has_query) append_uri_text(location += '?', request.query());
  return http::redirect(location, Status::kPermanentRedirect);
}

/// F-23: a page, by what the client accepts and by the lack of an extension.
bool asks_for_page(const Request& request) noexcept {
  std::string_view path = request.path();
  if (path.ends_with('/')) path.remove_suffix(1);
  return !path.substr(path.rfind('/') + 1).contains('.') && http::accept_weight(request.headers(), "text/html") > 0;
}

Response refusal(const FileAnswer& answer) {
  Response response = error_response(answer.status, answer.why);
  if (answer.status == Status::kServiceUnavailable) response.headers.append("Retry-After", "1");
  return response;
}

/// To a client that is not there any more.
Response left_alone() { return error_response(Status::kServiceUnavailable, Reason::kClientClosed); }

Response listing_response(std::string content, bool json) {
  Response response;
  response.headers.append("Content-Type", json ? "application/json; charset=utf-8" : "text/html; charset=utf-8");
  response.headers.append("Cache-Control", "no-store");
  response.headers.append("X-Content-Type-Options", "nosniff");
  response.headers.append("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
  response.body = std::move(content);
  return response;
}

}  // namespace

struct StaticFiles::Site : std::enable_shared_from_this<Site> {
  Site(const std::string& root, StaticOptions options) : tree(root, std::move(options)) {}

  [[nodiscard]] const StaticOptions& options() const noexcept { return tree.options(); }
  [[nodiscard]] FileCache& cache() const {
    return FileCache::of_this_thread(shared_from_this(),
                                     {.bytes = options().cache, .descriptors = options().open_files});
  }
  /// Where the request's file is kept.
  [[nodiscard]] std::string_view key_of(const Request& request) const noexcept {
    return options().file.empty() ? request.tail() : kExactKey;
  }

  [[nodiscard]] std::optional<Response> refuse_path(const Request& request) const;
  [[nodiscard]] FileQuestion ask(const Request& request) const;
  [[nodiscard]] Reply respond(FileAnswer answer, const FileQuestion& question, const Request& request,
                              Worker* worker) const;
  /// `entry` was compared with the disk at `checked`; it is kept under `key`.
  [[nodiscard]] Reply serve(std::shared_ptr<const FileEntry> entry, std::string_view key, runtime::TimePoint checked,
                            const Request& request, Worker* worker) const;
  static runtime::Task<Response> encode_later(std::shared_ptr<const Site> site, std::shared_ptr<const FileEntry> entry,
                                              std::string key, http::ContentCoding coding, const Request& request,
                                              Worker& worker);
  /// The making of that variant, begun where it is not under way.
  std::shared_ptr<VariantMaking> making_of(const std::shared_ptr<const FileEntry>& entry, std::string_view key,
                                           http::ContentCoding coding, Worker& worker) const;
  static runtime::Task<void> make(std::shared_ptr<const Site> site, std::shared_ptr<VariantMaking> making,
                                  std::shared_ptr<const FileEntry> entry, std::string key, Worker& worker);
  void keep(std::string_view key, const FileEntry& entry, const FileVariant& variant, runtime::TimePoint checked) const;
  [[nodiscard]] Response respond_with(const FileEntry& entry, const FileVariant* chosen, const Request& request) const;
  [[nodiscard]] Response respond_made(const FileEntry& entry, const FileVariant& made, const Request& request) const;
  [[nodiscard]] Reply look(const Request& request, Worker* worker, FileQuestion question) const;
  static runtime::Task<Response> answer_later(std::shared_ptr<const Site> site, const Request& request, Worker& worker,
                                              FileQuestion question);

  FileTree tree;
};

/// What no look at the file system is needed for.
std::optional<Response> StaticFiles::Site::refuse_path(const Request& request) const {
  if (has_encoded_separator(request.tail())) return error_response(Status::kNotFound, Reason::kEncodedSlash);
  if (!options().dotfiles && is_hidden(request.tail(), request))
    return error_response(Status::kNotFound, Reason::kHiddenFile);
  return std::nullopt;
}

FileQuestion StaticFiles::Site::ask(const Request& request) const {
  FileQuestion question;
  question.may_fall_back = !options().fallback.empty() && asks_for_page(request);
  if (!options().file.empty()) {
    question.path = options().file;
    return question;
  }
  // Triplets of a canonical path are whole: this cannot fail.
  question.path = http::percent_decode(request.tail()).value_or(std::string());
  if (question.path.ends_with('/')) question.path.pop_back();
  question.wants_folder = request.path().ends_with('/');
  if (question.wants_folder && options().list != ListFormat::kOff) {
    question.wants_json =
        options().list == ListFormat::kJson || http::accept_weight(request.headers(), "application/json") >
                                                   http::accept_weight(request.headers(), "text/html");
    question.only_utf8 = request.limits().utf8 == http::Utf8Policy::kStrict;
    question.title = http::percent_decode(request.path()).value_or(std::string());
  }
  return question;
}

/// A coding is made when it is first wanted: of what is in memory here, of what has to be read elsewhere.
Reply StaticFiles::Site::serve(std::shared_ptr<const FileEntry> entry, std::string_view key, runtime::TimePoint checked,
                               const Request& request, Worker* worker) const {
  const CompressOptions* const compress = options().compress ? &*options().compress : nullptr;
  const FileChoice choice = choose_variant(*entry, request, compress);
  if (!choice.missing) return respond_with(*entry, choice.variant, request);
  if (auto unmade = answer_unmade(*entry, *choice.missing, request)) return std::move(*unmade);
  if (!entry->variants.front().content && worker != nullptr && worker->offload_pool() != nullptr)
    return encode_later(shared_from_this(), std::move(entry), std::string(key), *choice.missing, request, *worker);
  const auto made = tree.encode(*entry, *choice.missing);
  if (!made) return refusal(refusal_for(made.error()));
  if (worker != nullptr) keep(key, *entry, *made, checked);
  return respond_made(*entry, *made, request);
}

/// What could have been compressed here is not to be elsewhere.
Response StaticFiles::Site::respond_with(const FileEntry& entry, const FileVariant* chosen,
                                         const Request& request) const {
  Response response = file_response(entry, chosen, request);
  response.as_is = options().compress && entry.variants.front().stamp.size <= kLargestWhole;
  return response;
}

void StaticFiles::Site::keep(std::string_view key, const FileEntry& entry, const FileVariant& variant,
                             runtime::TimePoint checked) const {
  auto grown = std::make_shared<FileEntry>(entry);
  grown->variants.push_back(variant);
  cache().put(key, std::move(grown), checked);
}

Response StaticFiles::Site::respond_made(const FileEntry& entry, const FileVariant& made,
                                         const Request& request) const {
  const bool plain = made.futile && http::CodingWeights(request.headers()).of_identity() != 0;
  return respond_with(entry, plain ? &entry.variants.front() : &made, request);
}

std::shared_ptr<VariantMaking> StaticFiles::Site::making_of(const std::shared_ptr<const FileEntry>& entry,
                                                            std::string_view key, http::ContentCoding coding,
                                                            Worker& worker) const {
  const FileStamp& stamp = entry->variants.front().stamp;
  auto& all = cache().making();
  const auto found =
      std::ranges::find_if(all, [&](const auto& making) { return making->coding == coding && making->stamp == stamp; });
  if (found != all.end()) return *found;
  auto making = std::make_shared<VariantMaking>(stamp, coding);
  all.push_back(making);
  worker.spawn(make(shared_from_this(), making, entry, std::string(key), worker));
  return making;
}

/// For all who wait, whoever of them leaves.
runtime::Task<void> StaticFiles::Site::make(std::shared_ptr<const Site> site, std::shared_ptr<VariantMaking> making,
                                            std::shared_ptr<const FileEntry> entry, std::string key, Worker& worker) {
  auto job = [site, making, entry]() -> Result<std::shared_ptr<const FileVariant>> {  // may outlive this frame
    if (making->wanted == 0) return fail(ErrorKind::kCancelled);
    auto made = site->tree.encode(*entry, making->coding);
    if (!made) return std::unexpected(made.error());
    return std::make_shared<const FileVariant>(std::move(*made));
  };
  try {
    making->outcome = co_await runtime::offload(worker, *worker.offload_pool(), std::move(job));
  } catch (const std::exception&) {
    making->failure = std::current_exception();
  }
  std::erase(site->cache().making(), making);
  const FileCache::Slot* const slot = site->cache().find(key);
  if (making->outcome && *making->outcome && slot != nullptr && slot->entry->variants.front().stamp == making->stamp)
    site->keep(key, *slot->entry, ***making->outcome, slot->checked);
  making->done.cancel();
}

runtime::Task<Response> StaticFiles::Site::encode_later(std::shared_ptr<const Site> site,
                                                        std::shared_ptr<const FileEntry> entry, std::string key,
                                                        http::ContentCoding coding, const Request& request,
                                                        Worker& worker) {
  for (;;) {
    const auto making = site->making_of(entry, key, coding, worker);
    const VariantMaking::Wish wish(*making);
    co_await runtime::until(making->done, request.cancellation());
    if (request.cancellation().is_cancelled()) co_return left_alone();
    if (making->failure) std::rethrow_exception(making->failure);
    const auto& made = *making->outcome;
    if (made) co_return site->respond_made(*entry, **made, request);
    if (made.error().kind != ErrorKind::kCancelled) co_return refusal(refusal_for(made.error()));
  }
}

Reply StaticFiles::Site::respond(FileAnswer answer, const FileQuestion& question, const Request& request,
                                 Worker* worker) const {
  using enum FileAnswer::Kind;
  const std::string_view key = answer.kind == kFallback ? kFallbackKey : key_of(request);
  runtime::TimePoint checked = worker != nullptr ? worker->now() : runtime::TimePoint{};
  if (worker != nullptr) {
    if (!answer.looked) {
      cache().remove(key_of(request));
      if (const FileCache::Slot* const slot = cache().find(key)) checked = slot->checked;
    } else if (answer.entry) {
      cache().put(key, answer.entry, checked);
    } else {
      cache().remove(key);
    }
  }
  switch (answer.kind) {
    case kFile: return serve(std::move(answer.entry), key, checked, request, worker);
    case kFallback:
      return http::then(serve(std::move(answer.entry), key, checked, request, worker), [](Response response) {
        if (response.error_page) return response;
        const bool varies = response.headers.contains("Vary");
        response.headers.set("Vary", varies ? "Accept-Encoding, Accept" : "Accept");
        return response;
      });
    case kFolder:
      if (!options().file.empty()) return error_response(Status::kNotFound, Reason::kNotRegularFile);
      return redirect_to_folder(request);
    case kListing: return listing_response(std::move(answer.listing), question.wants_json);
    case kRefused:
    case kWouldBlock: break;
  }
  return refusal(answer);
}

runtime::Task<Response> StaticFiles::Site::answer_later(std::shared_ptr<const Site> site, const Request& request,
                                                        Worker& worker, FileQuestion question) {
  auto job = [site, question] { return site->tree.find(question, Patience::kWait); };  // may outlive this frame
  auto answer = co_await runtime::offload(worker, *worker.offload_pool(), request.cancellation(), std::move(job));
  if (!answer) co_return left_alone();
  Reply reply = site->respond(std::move(*answer), question, request, &worker);
  if (Response* const now = reply.now()) co_return std::move(*now);
  co_return co_await std::move(*reply.later());
}

Reply StaticFiles::Site::look(const Request& request, Worker* worker, FileQuestion question) const {
  const bool may_wait = worker == nullptr || worker->offload_pool() == nullptr;
  FileAnswer answer = tree.find(question, may_wait ? Patience::kWait : Patience::kNever);
  if (answer.kind == FileAnswer::Kind::kWouldBlock && !may_wait)
    return answer_later(shared_from_this(), request, *worker, std::move(question));
  return respond(std::move(answer), question, request, worker);
}

StaticFiles::StaticFiles(const std::string& root, StaticOptions options)
    : site_(std::make_shared<const Site>(root, std::move(options))) {}

Reply StaticFiles::operator()(Request& request) const {
  const http::Method method = request.method();
  if (method != http::Method::kGet && method != http::Method::kHead) return other_method(request);
  const bool by_path = site_->options().file.empty();
  if (by_path) {
    if (auto refused = site_->refuse_path(request)) return std::move(*refused);
    if (request.tail().empty() && !request.path().ends_with('/')) return redirect_to_folder(request);
  }
  Worker* const worker = Worker::find_current();
  if (worker == nullptr) return site_->look(request, nullptr, site_->ask(request));

  FileCache& cache = site_->cache();
  FileCache::Slot* const known = cache.find(site_->key_of(request));
  if (known != nullptr && known->holds(*worker))
    return site_->serve(known->entry, known->key, known->checked, request, worker);
  FileQuestion question = site_->ask(request);
  if (known != nullptr) question.before = known->entry;
  if (question.may_fall_back) {
    if (FileCache::Slot* const fallback = cache.find(kFallbackKey)) {
      question.fallback_before = fallback->entry;
      question.fallback_is_fresh = fallback->holds(*worker);
    }
  }
  return site_->look(request, worker, std::move(question));
}

}  // namespace flare::handlers
