#include "flare/http/response.h"

#include <gtest/gtest.h>

#include <vector>

namespace flare::http {
namespace {

TEST(Response, HelpersSetStatusTypeAndContent) {
  struct Case {
    Response response;
    int code;
    std::string_view type, content;
  };
  std::vector<Case> cases;
  cases.push_back({ok("hi"), 200, "text/plain; charset=utf-8", "hi"});
  cases.push_back({ok_json("{}"), 200, "application/json", "{}"});
  cases.push_back({ok_html("<p>"), 200, "text/html; charset=utf-8", "<p>"});
  cases.push_back({bad_request(), 400, "text/plain; charset=utf-8", "Bad Request\n"});
  cases.push_back({bad_request("no"), 400, "text/plain; charset=utf-8", "no"});
  cases.push_back({not_found(), 404, "text/plain; charset=utf-8", "Not Found\n"});
  cases.push_back({internal_error(), 500, "text/plain; charset=utf-8", "Internal Server Error\n"});
  for (const auto& [response, expected_code, type, content] : cases) {
    EXPECT_EQ(code(response.status), expected_code);
    EXPECT_EQ(response.headers.get("content-type"), type);
    EXPECT_EQ(response.body.bytes(), content);
    EXPECT_EQ(response.headers.size(), 1U);
    EXPECT_EQ(response.ok(), expected_code == 200);
    EXPECT_FALSE(response.is_redirect());
  }
}

TEST(Response, NoContentHasNeitherTypeNorBody) {
  const Response response = no_content();
  EXPECT_EQ(response.status, Status::kNoContent);
  EXPECT_TRUE(response.headers.empty());
  EXPECT_EQ(response.body.size(), 0U);
}

TEST(Response, RedirectCarriesItsLocation) {
  const Response found = redirect("/next?a=b");
  EXPECT_EQ(found.status, Status::kFound);
  EXPECT_EQ(found.headers.get("Location"), "/next?a=b");
  EXPECT_TRUE(found.is_redirect());
  EXPECT_EQ(redirect("/", Status::kPermanentRedirect).status, Status::kPermanentRedirect);
  EXPECT_THROW((void)redirect("/\r\nSet-Cookie: forged=1"), HeaderInjectionError);
}

TEST(Response, ErrorsAreNotStoredAndTellTheReasonToTheLogOnly) {
  const Response response = error_response(Status::kRequestHeaderFieldsTooLarge, Reason::kHeaderCount);
  EXPECT_EQ(code(response.status), 431);
  EXPECT_EQ(response.why, Reason::kHeaderCount);
  EXPECT_EQ(response.headers.get("Cache-Control"), "no-store");
  EXPECT_TRUE(response.error_page);
  EXPECT_FALSE(response.headers.encoded().contains(to_string(Reason::kHeaderCount)));
}

TEST(Response, AnErrorWithoutBodyHasNoContentType) {
  const Response response = error_response(Status::kNotModified);
  EXPECT_EQ(response.body.size(), 0U);
  EXPECT_FALSE(response.error_page);
}

}  // namespace
}  // namespace flare::http
