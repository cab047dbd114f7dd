#include "flare/http/response.h"

namespace flare::http {
namespace {

constexpr std::string_view kText = "text/plain; charset=utf-8";

Response with_content(Status status, std::string_view type, Body body) {
  Response response{.status = status};
  response.headers.append("Content-Type", type);
  response.body = std::move(body);
  return response;
}

}  // namespace

Response ok(std::string text) { return with_content(Status::kOk, kText, std::move(text)); }
Response ok_json(std::string json) { return with_content(Status::kOk, "application/json", std::move(json)); }
Response ok_html(std::string html) { return with_content(Status::kOk, "text/html; charset=utf-8", std::move(html)); }
Response no_content() { return {.status = Status::kNoContent}; }

Response redirect(std::string_view location, Status status) {
  Response response{.status = status};
  response.headers.append("Location", location);
  return response;
}

Response bad_request(std::string text) { return with_content(Status::kBadRequest, kText, std::move(text)); }
Response not_found(std::string text) { return with_content(Status::kNotFound, kText, std::move(text)); }
Response internal_error(std::string text) { return with_content(Status::kInternalServerError, kText, std::move(text)); }

Response error_response(Status status, Reason why) {
  Response response{.status = status, .why = why, .error_page = !has_no_body(status)};
  response.headers.append("Cache-Control", "no-store");
  return response;
}

}  // namespace flare::http
