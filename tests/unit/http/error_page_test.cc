#include "flare/http/error_page.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/parsed_request.h"

namespace flare::http {
namespace {

constexpr std::string_view kHtml =
    "<!doctype html>\n<html lang=\"en\"><title>404 Not Found</title><h1>404 Not Found</h1></html>\n";
constexpr std::string_view kProblem = "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404}\n";

TEST(ErrorPage, IsWhatTheClientPrefers) {
  struct Case {
    std::string_view fields;
    bool problem;
  };
  constexpr Case kCases[] = {
      {"", false},
      {"Accept: */*\r\n", false},
      {"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n", false},
      {"Accept: application/json\r\n", true},
      {"Accept: application/problem+json\r\n", true},
      {"Accept: application/json, text/plain, */*;q=0.1\r\n", true},
      {"Accept: text/html;q=0.5, application/json;q=0.4\r\n", false},
      {"Accept: text/html;q=0.5\r\nAccept: application/json;q=0.6\r\n", true},
      {"Accept: text/html;q=0, */*\r\n", true},
      {"Accept: image/png\r\n", false},
  };
  for (const Case& each : kCases) {
    test::ParsedRequest request("GET", "/", each.fields);
    Response response = error_response(Status::kNotFound);
    render_error_page(response, *request);
    EXPECT_EQ(response.body.bytes(), each.problem ? kProblem : kHtml) << each.fields;
    EXPECT_EQ(response.headers.get("Content-Type"),
              each.problem ? "application/problem+json" : "text/html; charset=utf-8")
        << each.fields;
  }
}

TEST(ErrorPage, OtherResponsesStayAsTheyAre) {
  test::ParsedRequest request("GET", "/");
  Response response = not_found("mine");
  render_error_page(response, *request);
  EXPECT_EQ(response.body.bytes(), "mine");
}

TEST(ErrorPage, ACodeWithoutAPhraseHasAPageToo) {
  test::ParsedRequest request("GET", "/");
  Response response = error_response(Status{499});
  render_error_page(response, *request);
  EXPECT_TRUE(response.body.bytes().contains("<title>499</title>"));
}

}  // namespace
}  // namespace flare::http
