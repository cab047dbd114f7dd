#include "flare/handlers/respond.h"

#include <gtest/gtest.h>

#include "support/parsed_request.h"

namespace flare::handlers {
namespace {

using http::Response;
using http::Status;
using test::ParsedRequest;

TEST(Respond, LendsTheSameTextToEveryResponse) {
  const http::Handler handler = Respond(Status::kOk, "text/plain", "Hello, World!");
  ParsedRequest first("GET", "/");
  ParsedRequest second("POST", "/", "Content-Length: 3\r\n");
  const Response a = test::answer(handler, first);
  const Response b = test::answer(handler, second);
  EXPECT_EQ(a.status, Status::kOk);
  EXPECT_EQ(a.headers.encoded(), "Content-Type: text/plain\r\n");
  EXPECT_EQ(a.body.bytes(), "Hello, World!");
  EXPECT_EQ(a.body.bytes().data(), b.body.bytes().data());
}

TEST(Respond, MayBeEmpty) {
  const Respond respond(Status::kNoContent, "", "");
  ParsedRequest request("GET", "/");
  const Response response = respond(*request);
  EXPECT_EQ(response.status, Status::kNoContent);
  EXPECT_TRUE(response.headers.empty());
  EXPECT_EQ(response.body.size(), 0U);
}

TEST(Respond, ImpossibleResponsesThrow) {
  EXPECT_THROW(Respond(Status::kNoContent, "text/plain", "x"), RespondError);
  EXPECT_THROW(Respond(Status::kNotModified, "", "x"), RespondError);
  EXPECT_THROW(Respond(Status::kContinue, "", ""), RespondError);
  EXPECT_THROW(Respond(static_cast<Status>(600), "", ""), RespondError);
  EXPECT_THROW(Respond(Status::kOk, "text/plain\r\nX: y", "x"), http::HeaderInjectionError);
}

}  // namespace
}  // namespace flare::handlers
