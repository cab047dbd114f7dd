#include "flare/http/router.h"

#include <gtest/gtest.h>

#include <string>

#include "support/parsed_request.h"

namespace flare::http {
namespace {

using test::answer;
using test::ParsedRequest;

/// Answers with its name.
Handler named(std::string name) {
  return [name](const Request&) { return ok(name); };
}

std::string body_of(const Router& router, std::string_view method, std::string_view target) {
  ParsedRequest request(method, target);
  return std::string(answer(router, request).body.bytes());
}

TEST(Router, EachMethodHasItsRoute) {
  Router router;
  router.get("/a", named("get")).post("/a", named("post")).put("/a", named("put")).patch("/a", named("patch"));
  router.del("/a", named("delete")).options("/a", named("options")).route("PURGE", "/a", named("purge"));
  router.any("/a", named("any"));
  for (const auto& [method, body] : {std::pair{"GET", "get"},
                                     {"HEAD", "get"},
                                     {"POST", "post"},
                                     {"PUT", "put"},
                                     {"PATCH", "patch"},
                                     {"DELETE", "delete"},
                                     {"OPTIONS", "options"},
                                     {"PURGE", "purge"},
                                     {"REPORT", "any"}}) {
    EXPECT_EQ(body_of(router, method, "/a"), body) << method;
  }
}

TEST(Router, AHeadRouteTakesHeadFromGet) {
  Router router;
  router.get("/a", named("get")).head("/a", named("head"));
  EXPECT_EQ(body_of(router, "HEAD", "/a"), "head");
  EXPECT_EQ(body_of(router, "GET", "/a"), "get");
}

TEST(Router, HandlersSeeParametersAndTail) {
  Router router;
  router.get("/users/:id/**",
             [](const Request& request) { return ok(request.param("id") + " " + std::string(request.tail())); });
  router.get({"/users/:id/**", {{"id", SegmentKind::kInt}}}, named("number"));
  EXPECT_EQ(body_of(router, "GET", "/users/a%20b/c/d"), "a b c/d");
  EXPECT_EQ(body_of(router, "GET", "/users/12/c/d"), "number");
}

TEST(Router, AnUnknownPathIs404) {
  Router router;
  router.get("/a", named("a"));
  ParsedRequest request("GET", "/b");
  const Response response = answer(router, request);
  EXPECT_EQ(response.status, Status::kNotFound);
  EXPECT_EQ(response.why, Reason::kNoRoute);
}

TEST(Router, AMethodThatNoRouteTakesIs405WithAllow) {
  Router router;
  router.get("/a", named("a")).post("/:p", named("p"));
  ParsedRequest request("DELETE", "/a");
  const Response response = answer(router, request);
  EXPECT_EQ(response.status, Status::kMethodNotAllowed);
  EXPECT_EQ(response.why, Reason::kMethodNotAllowed);
  EXPECT_EQ(response.headers.get("Allow"), "GET, HEAD, POST, OPTIONS");  // H-29
}

TEST(Router, OptionsAnswersItself) {
  Router router;
  router.get("/a", named("a"));
  ParsedRequest request("OPTIONS", "/a");
  const Response response = answer(router, request);
  EXPECT_EQ(response.status, Status::kNoContent);  // H-30
  EXPECT_EQ(response.headers.get("Allow"), "GET, HEAD, OPTIONS");
  ParsedRequest unknown("OPTIONS", "/b");
  EXPECT_EQ(answer(router, unknown).status, Status::kNotFound);
}

TEST(Router, OptionsAsteriskAnswersForTheServer) {
  Router router;
  router.get("/a", named("a")).del("/b", named("b")).any("/c/**", named("c"));
  ParsedRequest request("OPTIONS", "*");
  const Response response = answer(router, request);
  EXPECT_EQ(response.status, Status::kNoContent);  // H-10
  EXPECT_EQ(response.headers.get("Allow"), "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
}

TEST(Router, AmbiguousRoutesThrowAndNameBoth) {
  Router router;
  router.get("/users/:id", named("id"));
  try {
    router.get("/users/:name", named("name"));
    FAIL() << "no exception";
  } catch (const AmbiguousRouteError& error) {
    EXPECT_NE(std::string(error.what()).find("/users/:id"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("/users/:name"), std::string::npos) << error.what();
  }
  EXPECT_EQ(body_of(router, "GET", "/users/1"), "id");
  EXPECT_NO_THROW(router.post("/users/:name", named("name")));
}

TEST(Router, BadPatternsAndMethodsThrow) {
  Router router;
  EXPECT_THROW(router.get("a", named("a")), RoutePatternError);
  EXPECT_THROW(router.route("GE T", "/a", named("a")), RoutePatternError);
  EXPECT_THROW(router.route("", "/a", named("a")), RoutePatternError);
}

TEST(Router, IsAHandlerOfAnotherRouter) {
  Router inner;
  inner.get("/api/users/:id", [](const Request& request) { return ok("user " + request.param("id")); });
  Router outer;
  outer.any("/api/**", inner).get("/", named("home"));
  EXPECT_EQ(body_of(outer, "GET", "/api/users/7"), "user 7");
  EXPECT_EQ(body_of(outer, "GET", "/"), "home");
}

}  // namespace
}  // namespace flare::http
