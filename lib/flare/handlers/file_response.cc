#include "flare/handlers/file_response.h"

#include <string>
#include <utility>

#include "flare/handlers/compress_policy.h"
#include "flare/handlers/multipart_ranges.h"
#include "flare/http/conditional.h"
#include "flare/http/quality.h"

namespace flare::handlers {
namespace {

using http::Response;
using http::Selection;
using http::Status;

/// Whether variants are made for this request: not for parts, nor for what is small; unless identity is excluded.
bool wants_made(const FileEntry& entry, const http::Request& request, std::uint16_t identity,
                const CompressOptions& compress) noexcept {
  const std::uint64_t size = entry.variants.front().stamp.size;
  if (!entry.compressible || size == 0) return false;
  if (identity == 0) return true;
  const bool parts = request.method() == http::Method::kGet && request.headers().contains("Range");
  return !parts && size >= compress.min_size;
}

/// A multipart answer is not encoded itself: what would be said of its parts would be taken for said of the whole.
bool asks_for_several_parts(const http::Request& request) noexcept {
  return request.method() == http::Method::kGet && request.header("Range").value_or("").contains(',');
}

Response not_acceptable(const FileEntry& entry) {  // RFC 9110 §12.5.3: identity was excluded
  Response response = error_response(Status::kNotAcceptable, Reason::kNotAcceptable);
  if (entry.variants.size() > 1 || entry.compressible) response.headers.append("Vary", "Accept-Encoding");
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

std::optional<Response> answer_unmade(const FileEntry& entry, http::ContentCoding missing,
                                      const http::Request& request) {
  const FileVariant& plain = entry.variants.front();
  const std::string etag = encoded_etag(plain.etag, to_string(missing));
  const Selection selection = http::select_representation(
      request.method(), request.headers(),
      {.size = plain.stamp.size, .mtime = plain.modified, .etag = etag, .date_is_strong = false});
  if (selection.status == Status::kPreconditionFailed) return error_response(selection.status);
  if (selection.status != Status::kNotModified) return std::nullopt;
  Response response{.status = selection.status, .headers = plain.validators};
  response.headers.set("ETag", etag);
  return response;
}

/// What the client wants most; of equals the first encoded one, files before what is made (F-18).
FileChoice choose_variant(const FileEntry& entry, const http::Request& request, const CompressOptions* compress) {
  const FileVariant& plain = entry.variants.front();
  if (!entry.negotiable) return {.variant = &plain};
  const http::CodingWeights weights(request.headers());
  std::uint16_t most = weights.of_identity();
  FileChoice best{.variant = most != 0 ? &plain : nullptr};
  const auto wins = [&](std::uint16_t weight) {
    const bool encoded_wins_tie = weight == most && best.variant == &plain && !best.missing;
    return weight != 0 && (weight > most || encoded_wins_tie);
  };
  if (best.variant != nullptr && asks_for_several_parts(request)) return best;
  for (const FileVariant& variant : entry.variants) {
    const std::uint16_t weight = weights.of(variant.coding);
    if (variant.made || &variant == &plain || !wins(weight)) continue;
    best.variant = &variant;
    most = weight;
  }
  if (compress == nullptr || !wants_made(entry, request, weights.of_identity(), *compress)) return best;
  for (const http::ContentCoding coding : compress->encodings) {
    const std::uint16_t weight = weights.of(coding);
    if (!wins(weight)) continue;
    const FileVariant* const known = entry.find(to_string(coding));
    if (known != nullptr && known->futile && weights.of_identity() != 0) continue;
    best = {.variant = known != nullptr ? known : &plain,
            .missing = known != nullptr ? std::nullopt : std::optional(coding)};
    most = weight;
  }
  if (best.missing && plain.stamp.size > kLargestWhole) best.missing.reset();
  return best;
}

Response file_response(const FileEntry& entry, const FileVariant* chosen, const http::Request& request) {
  if (chosen == nullptr) return not_acceptable(entry);
  const FileVariant& variant = *chosen;
  const std::uint64_t size = variant.stamp.size;
  Selection part = http::select_representation(
      request.method(), request.headers(),
      {.size = size, .mtime = variant.modified, .etag = variant.etag, .date_is_strong = variant.date_is_strong});
  const bool asks_for_part = part.status == Status::kPartialContent || part.status == Status::kRangeNotSatisfiable;
  if (variant.made && asks_for_part) part = {.length = size};
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
