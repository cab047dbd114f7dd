#include "flare/handlers/file_response.h"

#include <string>
#include <utility>

#include "flare/handlers/multipart_ranges.h"
#include "flare/http/conditional.h"
#include "flare/http/quality.h"

namespace flare::handlers {
namespace {

using http::Response;
using http::Selection;
using http::Status;

/// The variant that the client wants most; of equals the first encoded one (F-18). nullptr: it takes none of them.
const FileVariant* negotiate(const FileEntry& entry, const http::Fields& fields) {
  const http::CodingWeights weights(fields);
  const FileVariant* best = nullptr;
  std::uint16_t most = 0;
  for (const FileVariant& variant : entry.variants) {
    const std::uint16_t weight = weights.of(variant.coding);
    const bool encoded_wins_tie = weight == most && best == &entry.variants.front();
    if (weight == 0 || (weight <= most && !encoded_wins_tie)) continue;
    best = &variant;
    most = weight;
  }
  return best;
}

Response not_acceptable(const FileEntry& entry) {  // RFC 9110 §12.5.3: identity was excluded
  Response response = error_response(Status::kNotAcceptable);
  if (entry.variants.size() > 1) response.headers.append("Vary", "Accept-Encoding");
  return response;
}

Response unsatisfiable(std::uint64_t size) {  // F-15
  Response response = error_response(Status::kRangeNotSatisfiable);
  response.headers.append("Content-Range", "bytes */" + std::to_string(size));
  return response;
}

http::Body part_of(const FileVariant& variant, std::uint64_t offset, std::uint64_t length) {
  if (!variant.content) return http::FileRange{variant.file, offset, length, variant.cold};
  return http::Body::shared(variant.content, std::string_view(*variant.content).substr(offset, length));
}

Response several_parts(const FileVariant& variant, const http::Request& request) {
  const http::ByteRanges ranges = http::requested_ranges(request.headers(), variant.stamp.size);
  MultipartRanges parts(ranges.parts(), variant.fields.get("Content-Type").value_or(""), variant.stamp.size);
  Response response{.status = Status::kPartialContent, .headers = variant.fields};
  response.headers.set("Content-Type", parts.content_type());
  if (variant.content) {
    response.body = parts.render(*variant.content);
  } else {
    response.body = MultipartRanges::read(std::move(parts), variant.file);
  }
  return response;
}

}  // namespace

Response file_response(const FileEntry& entry, const http::Request& request) {
  const FileVariant* const chosen = entry.negotiable ? negotiate(entry, request.headers()) : &entry.variants.front();
  if (chosen == nullptr) return not_acceptable(entry);
  const FileVariant& variant = *chosen;
  const std::uint64_t size = variant.stamp.size;
  const Selection part = http::select_representation(
      request.method(), request.headers(),
      {.size = size, .mtime = variant.modified, .etag = variant.etag, .date_is_strong = variant.date_is_strong});
  switch (part.status) {
    case Status::kRangeNotSatisfiable: return unsatisfiable(size);
    case Status::kPreconditionFailed: return error_response(part.status);
    case Status::kNotModified: return {.status = part.status, .headers = variant.validators};  // F-11
    default: break;
  }
  if (part.several) return several_parts(variant, request);
  const bool partial = part.status == Status::kPartialContent;
  Response response{.status = part.status,
                    .headers = variant.fields,
                    .body = part_of(variant, part.offset, partial ? part.length : size)};
  if (partial) response.headers.append("Content-Range", http::content_range({part.offset, part.length}, size));
  return response;
}

}  // namespace flare::handlers
