#include "flare/handlers/compress.h"

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "flare/base/ascii.h"
#include "flare/handlers/compress_policy.h"
#include "flare/handlers/encode.h"
#include "flare/handlers/encoded_source.h"
#include "flare/http/conditional.h"
#include "flare/runtime/offload.h"
#include "flare/runtime/worker.h"

namespace flare::handlers {
namespace {

using http::Body;
using http::ContentCoding;
using http::Reply;
using http::Request;
using http::Response;
using http::Status;

/// Fields that say what the bytes are: with them, no others may be sent (RFC 9110 §8.4, RFC 9530).
constexpr std::array<std::string_view, 6> kBoundToBytes{"Content-Encoding", "Content-Range", "Content-MD5",
                                                        "Content-Digest",   "Repr-Digest",   "Digest"};
/// Fields of a 200 that its 304 does not have.
constexpr std::array<std::string_view, 3> kOfContent{"Content-Type", "Content-Encoding", "Content-Language"};

bool may_be_encoded(const CompressOptions& options, const Response& response) noexcept {
  if (response.as_is || has_no_body(response.status) || response.status == Status::kPartialContent ||
      response.error_page)
    return false;
  bool listed = false;
  bool free = true;
  response.headers.for_each([&](std::string_view name, std::string_view value) {
    if (ascii::iequals(name, "Content-Type")) {
      listed = is_compressible(options, value);
    } else if (ascii::iequals(name, "Cache-Control")) {
      free = free && may_transform(value);
    } else if (ascii::iequals(name, "X-Accel-Buffering")) {
      free = free && !ascii::iequals(value, "no");  // each piece is to go out at once (P-21)
    } else {
      for (const std::string_view bound : kBoundToBytes) free = free && !ascii::iequals(name, bound);
    }
  });
  return listed && free;
}

Response not_acceptable() {  // RFC 9110 §12.5.3
  Response response = error_response(Status::kNotAcceptable, Reason::kNotAcceptable);
  response.headers.append("Vary", "Accept-Encoding");
  return response;
}

bool reads(const Request& request) noexcept {
  return request.method() == http::Method::kGet || request.method() == http::Method::kHead;
}

/// The variant's fields; whether the client has it already.
bool describe(Response& response, const Request& request, ContentCoding coding) {
  http::HeaderMap& headers = response.headers;
  headers.append("Content-Encoding", to_string(coding));
  headers.remove("Accept-Ranges");  // there are no parts of a variant that is made anew each time
  const auto own = headers.get("ETag");
  if (!own) return false;
  const std::string etag = encoded_etag(*own, to_string(coding));
  if (etag.empty()) return false;
  headers.set("ETag", etag);
  return response.status == Status::kOk && reads(request) && request.header("If-None-Match") &&
         http::none_match_names(request.headers(), etag);
}

runtime::Task<Response> encode_later(Response response, ContentCoding coding, const Request& request,
                                     runtime::Worker& worker) {
  // The job owns the content, and gives it back with the result: what owns borrowed bytes outlives the worker.
  auto job = [body = std::move(response.body), coding] { return encode(coding, body.bytes(), Effort::kOnce); };
  auto encoded = co_await runtime::offload(worker, *worker.offload_pool(), request.cancellation(), std::move(job));
  if (encoded) {
    response.body = std::move(*encoded);
  } else {
    response = error_response(Status::kServiceUnavailable, Reason::kClientClosed);  // which goes nowhere
  }
  co_return response;
}

/// The body in `coding`. Its size decides where and when.
Reply encode_body(Response response, ContentCoding coding, const Request& request) {
  const auto size = response.body.size();
  if (!response.body.is_in_memory() || *size > kLargestWhole) {
    response.body = Body(std::make_unique<EncodedSource>(coding, std::move(response.body)));
    return response;
  }
  runtime::Worker* const worker = runtime::Worker::find_current();
  if (*size > kLargestInline && worker != nullptr && worker->offload_pool() != nullptr)
    return encode_later(std::move(response), coding, request, *worker);
  response.body = encode(coding, response.body.bytes(), Effort::kOnce);
  return response;
}

/// Precondition: may_be_encoded().
Reply compress(const CompressOptions& options, Response response, const Request& request) {
  vary_by_encoding(response.headers);
  const auto size = response.body.size();
  if (size == 0) return response;
  const CodingChoice choice = choose_coding(options, request.headers(), !size || *size >= options.min_size);
  switch (choice.verdict) {
    case Verdict::kIdentity: return response;
    case Verdict::kNotAcceptable:
      if (response.ok() && reads(request)) return not_acceptable();
      return response;
    case Verdict::kEncode: break;
  }
  const bool streams = !response.body.is_in_memory() || *size > kLargestWhole;
  if (streams && EncodedSource::under_way() >= options.streams) {
    response.why = Reason::kCompressStreams;
    return response;
  }
  if (describe(response, request, choice.coding)) {
    response.status = Status::kNotModified;
    response.body = Body();
    for (const std::string_view name : kOfContent) response.headers.remove(name);
    return response;
  }
  return encode_body(std::move(response), choice.coding, request);
}

runtime::Task<Response> compress_later(std::shared_ptr<const CompressOptions> options, runtime::Task<Response> task,
                                       const Request& request) {
  Response response = co_await std::move(task);
  if (!may_be_encoded(*options, response)) co_return response;
  Reply reply = compress(*options, std::move(response), request);
  if (Response* const now = reply.now()) co_return std::move(*now);
  co_return co_await std::move(*reply.later());
}

}  // namespace

Compress::Compress(CompressOptions options, http::Handler handler)
    : options_(std::make_shared<const CompressOptions>(std::move(options))), handler_(std::move(handler)) {}

Reply Compress::operator()(Request& request) const {
  Reply reply = handler_(request);
  Response* const response = reply.now();
  if (response == nullptr) return compress_later(options_, std::move(*reply.later()), request);
  if (!may_be_encoded(*options_, *response)) return reply;
  return compress(*options_, std::move(*response), request);
}

}  // namespace flare::handlers
