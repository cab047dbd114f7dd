#include "flare/http/app.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "flare/http/router.h"
#include "support/parsed_request.h"

namespace flare::http {
namespace {

using test::answer;
using test::ParsedRequest;

struct Counters {
  std::atomic<int> hits = 0;
};

Response count(const Request& request, Counters& counters) {
  return ok(request.param("name") + " " + std::to_string(++counters.hits));
}

runtime::Task<Response> count_later(const Request& request, Counters& counters) { co_return count(request, counters); }

TEST(App, HandlersWorkOnTheStateTheyWereGiven) {
  Counters counters;
  Counters others;
  Router router;
  router.get("/a/:name", App{counters, count}).get("/b/:name", App{others, count});
  router.post("/a/:name",
              App{counters, [](const Request&, Counters& state) { return ok(std::to_string(state.hits)); }});
  ParsedRequest a("GET", "/a/x");
  ParsedRequest b("GET", "/b/y");
  ParsedRequest post("POST", "/a/x");
  EXPECT_EQ(answer(router, a).body.bytes(), "x 1");
  EXPECT_EQ(answer(router, a).body.bytes(), "x 2");
  EXPECT_EQ(answer(router, b).body.bytes(), "y 1");
  EXPECT_EQ(answer(router, post).body.bytes(), "2");
}

TEST(App, AHandlerThatWaitsStaysOne) {
  Counters counters;
  const Handler handler = App{counters, count_later};
  ParsedRequest request("GET", "/");
  Reply reply = handler(*request);
  EXPECT_NE(reply.later(), nullptr);
}

TEST(App, PlainHandlersWaitForTheContent) {
  Counters counters;
  const Handler handler = App{counters, count};
  ParsedRequest request("POST", "/", "Content-Length: 3\r\n");
  Reply reply = handler(*request);
  EXPECT_NE(reply.later(), nullptr);
  EXPECT_EQ(counters.hits, 0);
}

/// Middleware with state: sees the request before its content, and changes what comes back.
struct Counting {
  Handler next;
  Reply operator()(Request& request, Counters& counters) const {
    ++counters.hits;
    return then(next(request), [](Response response) {
      response.headers.append("X-Counted", "1");
      return response;
    });
  }
};

TEST(App, MiddlewareMayHaveStateToo) {
  Counters counters;
  const Handler handler = App{counters, Counting{[](const Request&) { return ok("inner"); }}};
  ParsedRequest request("GET", "/");
  const Response response = answer(handler, request);
  EXPECT_EQ(response.body.bytes(), "inner");
  EXPECT_EQ(response.headers.get("X-Counted"), "1");
  EXPECT_EQ(counters.hits, 1);
}

/// Middleware is a handler that holds a handler.
struct RequireToken {
  std::string token;
  Handler next;
  Reply operator()(Request& request) const {
    if (request.header("Authorization") != "Bearer " + token) {
      Response refusal = error_response(Status::kUnauthorized);
      refusal.headers.append("WWW-Authenticate", "Bearer");
      return refusal;
    }
    return next(request);
  }
};

struct Log {
  std::string* lines;
  Handler next;
  Reply operator()(Request& request) const {
    std::string line = std::string(request.method_token()) + " " + std::string(request.target());
    return then(next(request), [this, line](Response response) {
      *lines += line + " " + std::to_string(code(response.status)) + "\n";
      return response;
    });
  }
};

TEST(Middleware, ALoggerAroundAGuardAroundARouter) {
  Router router;
  router.get("/hello/:name", [](const Request& request) { return ok("Hello " + request.param("name")); });
  std::string lines;
  const Handler site = Log{&lines, RequireToken{"secret", router}};

  ParsedRequest stranger("GET", "/hello/you");
  EXPECT_EQ(answer(site, stranger).status, Status::kUnauthorized);
  ParsedRequest friendly("GET", "/hello/me?x=1", "Authorization: Bearer secret\r\n");
  EXPECT_EQ(answer(site, friendly).body.bytes(), "Hello me");
  ParsedRequest missing("GET", "/", "Authorization: Bearer secret\r\n");
  EXPECT_EQ(answer(site, missing).status, Status::kNotFound);
  EXPECT_EQ(lines, "GET /hello/you 401\nGET /hello/me?x=1 200\nGET / 404\n");
}

}  // namespace
}  // namespace flare::http
