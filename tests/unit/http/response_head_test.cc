#include "flare/http/response_head.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace flare::http {
namespace {

constexpr std::string_view kCommon = "Server: s\r\nDate: d\r\n";

std::string head(const Response& response, HeadContext context) {
  io::Buffer out(1);
  out.append("before");
  append_response_head(out, response, context);
  EXPECT_TRUE(out.view().starts_with("before"));
  return std::string(out.view().substr(6));
}

Response with(Status status, std::string body = {}) {
  Response response{.status = status};
  response.body = std::move(body);
  return response;
}

TEST(ResponseHead, HasWhatBelongsToTheMessageAndTheHop) {
  struct Case {
    const char* name;
    Response response;
    HeadContext context;
    std::string expected;
  };
  std::vector<Case> cases;
  cases.push_back({"plain",
                   with(Status::kOk, "hello"),
                   {.common_fields = kCommon},
                   "HTTP/1.1 200 OK\r\nServer: s\r\nDate: d\r\nContent-Length: 5\r\n\r\n"});
  cases.push_back({"empty body",
                   with(Status::kOk),
                   {.common_fields = kCommon},
                   "HTTP/1.1 200 OK\r\nServer: s\r\nDate: d\r\nContent-Length: 0\r\n\r\n"});
  cases.push_back({"nothing but the line", with(Status::kOk), {}, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"});
  cases.push_back({"close",
                   with(Status::kOk),
                   {.keep_alive = false},
                   "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"});
  cases.push_back({"1.0 is told that it lives",
                   with(Status::kOk),
                   {.minor_version = 0},
                   "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"});
  cases.push_back({"1.0 closes",
                   with(Status::kOk),
                   {.keep_alive = false, .minor_version = 0},
                   "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"});
  cases.push_back(
      {"204 has no length (RFC 9110 §8.6)", with(Status::kNoContent), {}, "HTTP/1.1 204 No Content\r\n\r\n"});
  cases.push_back({"304 has none here", with(Status::kNotModified), {}, "HTTP/1.1 304 Not Modified\r\n\r\n"});
  for (const Case& each : cases) EXPECT_EQ(head(each.response, each.context), each.expected) << each.name;
}

TEST(ResponseHead, ShowsTheHandlersFieldsInOrder) {
  Response response = with(Status::kNotFound, "no");
  response.headers.append("X-One", "1");
  response.headers.append("X-Two", "2");
  EXPECT_EQ(head(response, {}), "HTTP/1.1 404 Not Found\r\nX-One: 1\r\nX-Two: 2\r\nContent-Length: 2\r\n\r\n");
}

TEST(ResponseHead, CountsAFileByItsRange) {
  Response response;
  response.body = FileRange{.file = {}, .offset = 7, .length = 5'000'000'000};
  EXPECT_EQ(head(response, {}), "HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n");
}

}  // namespace
}  // namespace flare::http
