#include "flare/handlers/file_response.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <utility>

#include "flare/handlers/static_files.h"
#include "flare/http/conditional.h"
#include "flare/http/date.h"
#include "flare/http/mime.h"

namespace flare::handlers {
namespace {

using http::Response;
using http::Selection;
using http::Status;
using net::UniqueFd;

/// RFC 9110 §8.8.2.2: a file this young could change again under the same date.
constexpr std::time_t kStrongDateAge = 1;

std::int64_t mtime_ns(const struct stat& status) noexcept {
  return static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec;
}

std::optional<std::string> read_part(int file, std::uint64_t offset, std::size_t length) {
  std::string bytes(length, '\0');
  for (std::size_t have = 0; have < length;) {
    const ssize_t count = ::pread(file, bytes.data() + have, length - have, static_cast<off_t>(offset + have));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return std::nullopt;
    have += static_cast<std::size_t>(count);
  }
  return bytes;
}

/// Sets the body; false where the file is shorter than it was. Small content is read, so that it leaves with the head
/// in one write; HEAD needs only its length.
bool set_body(Response& response, UniqueFd file, const Selection& part, std::uint64_t length, bool head) {
  if (head || length > StaticFiles::kInlineBytes) {
    response.body = http::FileRange{std::move(file), part.offset, length};
    return true;
  }
  auto bytes = read_part(file.get(), part.offset, static_cast<std::size_t>(length));
  if (!bytes) return false;
  response.body = std::move(*bytes);
  return true;
}

std::string content_range(const Selection& part, std::uint64_t size) {  // RFC 9110 §14.4
  return "bytes " + std::to_string(part.offset) + "-" + std::to_string(part.offset + part.length - 1) + "/" +
         std::to_string(size);
}

Response unsatisfiable(std::uint64_t size) {  // F-15
  Response response = error_response(Status::kRangeNotSatisfiable);
  response.headers.append("Content-Range", "bytes */" + std::to_string(size));
  return response;
}

void append_type(Response& response, std::string_view name) {
  const std::string_view type = http::mime_type(name);
  response.headers.append("Content-Type", type);
  if (type == http::kOctetStream) response.headers.append("X-Content-Type-Options", "nosniff");  // F-8
}

}  // namespace

Response file_response(UniqueFd file, const struct stat& status, std::string_view name, const http::Request& request) {
  const std::time_t now = std::time(nullptr);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const std::string etag = http::make_etag(size, mtime_ns(status));
  const std::time_t modified = std::min(status.st_mtim.tv_sec, now);  // F-9: not in the future
  const Selection part = http::select_representation(
      request.method(), request.headers(),
      {.size = size, .mtime = modified, .etag = etag, .date_is_strong = now - modified > kStrongDateAge});
  if (part.status == Status::kRangeNotSatisfiable) return unsatisfiable(size);
  if (part.status == Status::kPreconditionFailed) return error_response(part.status);

  Response response{.status = part.status};
  std::array<char, http::kHttpDateSize> date;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled below
  http::format_http_date(modified, date.data());
  response.headers.append("ETag", etag);
  response.headers.append("Last-Modified", {date.data(), date.size()});
  if (part.status == Status::kNotModified) return response;  // F-11

  const bool head = request.method() == http::Method::kHead;
  append_type(response, name);
  response.headers.append("Accept-Ranges", "bytes");
  if (part.status == Status::kPartialContent) response.headers.append("Content-Range", content_range(part, size));
  if (!set_body(response, std::move(file), part, head ? size : part.length, head)) {
    return error_response(Status::kInternalServerError, Reason::kFileTruncated);
  }
  return response;
}

}  // namespace flare::handlers
