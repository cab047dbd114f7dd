#include "flare/handlers/static_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "flare/base/quote.h"
#include "flare/handlers/beneath.h"
#include "flare/handlers/file_response.h"
#include "flare/handlers/uri_text.h"
#include "flare/http/path.h"

namespace flare::handlers {
namespace {

using http::Request;
using http::Response;
using http::Status;
using net::UniqueFd;

constexpr std::string_view kAllow = "GET, HEAD, OPTIONS";  // F-1

Response not_found(Reason why) { return error_response(Status::kNotFound, why); }

/// F-7: what the peer learns of an errno.
Response refusal(int error) {
  switch (error) {
    case EACCES:
    case EPERM: return error_response(Status::kForbidden, Reason::kFileDenied);
    case ELOOP:
    case EXDEV: return not_found(Reason::kOutsideRoot);
    case ENXIO:
    case ENODEV: return not_found(Reason::kNotRegularFile);  // a socket, a device without driver
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case EINVAL: return not_found(Reason::kFileMissing);
    case EMFILE:
    case ENFILE:
    case ENOMEM: {
      Response response = error_response(Status::kServiceUnavailable, Reason::kResourceExhausted);
      response.headers.append("Retry-After", "1");
      return response;
    }
    default: return error_response(Status::kInternalServerError, Reason::kHandlerFailed);
  }
}

Response other_method(const Request& request) {
  Response response = request.method() == http::Method::kOptions
                          ? http::no_content()
                          : error_response(Status::kMethodNotAllowed, Reason::kMethodNotAllowed);
  response.headers.append("Allow", kAllow);
  return response;
}

/// H-26: an encoded separator is no part of any file's name. Triplets of a canonical path are upper-case.
bool has_encoded_separator(std::string_view path) noexcept { return path.contains("%2F") || path.contains("%5C"); }

/// F-4, RFC 8615.
bool is_hidden(std::string_view decoded, const Request& request) noexcept {
  constexpr std::string_view kWellKnown = ".well-known/";
  if (decoded.starts_with(kWellKnown) && request.path().starts_with("/.well-known/"))
    decoded.remove_prefix(kWellKnown.size());
  return decoded.starts_with('.') || decoded.contains("/.");
}

/// F-6: the same path with a slash at its end. Canonical, hence never "//host".
Response redirect_to_folder(const Request& request) {
  std::string location;
  append_uri_text(location, request.path());
  location += '/';
  if (request.head().has_query) append_uri_text(location += '?', request.query());
  return http::redirect(location, Status::kPermanentRedirect);
}

struct OpenFile {
  UniqueFd fd;
  struct stat status = {};
};

Result<OpenFile> open_file(int root, const std::string& path, BeneathMethod method) noexcept {
  auto fd = open_beneath(root, path, method);
  if (!fd) return std::unexpected(fd.error());
  OpenFile file{.fd = std::move(*fd)};
  if (::fstat(file.fd.get(), &file.status) != 0) return fail_errno(errno);
  return file;
}

Response respond_with(OpenFile file, std::string_view name, const Request& request) {
  if (!S_ISREG(file.status.st_mode)) return not_found(Reason::kNotRegularFile);  // F-5
  return file_response(std::move(file.fd), file.status, name, request);
}

}  // namespace

struct StaticFiles::Site {
  UniqueFd root;
  BeneathMethod method;
  StaticOptions options;

  [[nodiscard]] Result<OpenFile> open(const std::string& path) const noexcept {
    return open_file(root.get(), path, method);
  }
  [[nodiscard]] Response exact_file(const Request& request) const;
  [[nodiscard]] Response named_by_tail(const Request& request) const;
  [[nodiscard]] Response index_of(int folder, const Request& request) const;
};

Response StaticFiles::Site::exact_file(const Request& request) const {
  auto file = open(options.file);
  if (!file) return refusal(file.error().sys_errno);
  return respond_with(std::move(*file), options.file, request);
}

Response StaticFiles::Site::named_by_tail(const Request& request) const {
  if (has_encoded_separator(request.tail())) return not_found(Reason::kEncodedSlash);
  std::optional<std::string> path = http::percent_decode(request.tail());
  if (!path) return not_found(Reason::kFileMissing);
  if (is_hidden(*path, request)) return not_found(Reason::kHiddenFile);
  if (path->ends_with('/')) path->pop_back();

  auto file = open(*path);
  if (!file) return refusal(file.error().sys_errno);
  const bool wants_folder = request.path().ends_with('/');
  if (!S_ISDIR(file->status.st_mode)) {
    return wants_folder ? not_found(Reason::kFileMissing) : respond_with(std::move(*file), *path, request);
  }
  return wants_folder ? index_of(file->fd.get(), request) : redirect_to_folder(request);
}

Response StaticFiles::Site::index_of(int folder, const Request& request) const {
  for (const std::string& name : options.index) {
    auto file = open_file(folder, name, method);
    if (file) return respond_with(std::move(*file), name, request);
    if (file.error().sys_errno != ENOENT) return refusal(file.error().sys_errno);
  }
  return not_found(Reason::kFileMissing);
}

StaticFiles::StaticFiles(const std::string& root, StaticOptions options) {
  UniqueFd fd(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    throw StaticRootError("static root " + quote(root) + ": " + describe(Error::from_errno(errno)) +
                          "; it must be a folder that this process may enter");
  }
  const BeneathMethod method = choose_beneath_method(fd.get());
  site_ = std::make_shared<const Site>(Site{std::move(fd), method, std::move(options)});
}

Response StaticFiles::operator()(const Request& request) const {
  const http::Method method = request.method();
  if (method != http::Method::kGet && method != http::Method::kHead) return other_method(request);
  return site_->options.file.empty() ? site_->named_by_tail(request) : site_->exact_file(request);
}

}  // namespace flare::handlers
