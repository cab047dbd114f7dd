#include "flare/handlers/redirect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "flare/http/router.h"
#include "support/parsed_request.h"

namespace flare::handlers {
namespace {

using http::Response;
using http::Status;
using test::ParsedRequest;

std::string location(std::string_view to, std::string_view pattern, std::string_view target) {
  http::Router router;
  router.get(pattern, Redirect(to));
  ParsedRequest request("GET", target);
  return std::string(test::answer(router, request).headers.get("Location").value_or("none"));
}

TEST(Redirect, FillsInWhatTheRequestAskedFor) {
  struct Case {
    std::string_view to, pattern, target, location;
  };
  for (const auto& [to, pattern, target, expected] : {
           Case{"/new", "/old", "/old?x=1", "/new"},
           Case{"https://www.example.com{path}{query}", "/**", "/a%20b/%7e?x=1&y",
                "https://www.example.com/a%20b/%7e?x=1&y"},
           Case{"https://www.example.com{path}{query}", "/**", "/", "https://www.example.com/"},
           Case{"https://{host}{path}", "/**", "/a", "https://example.com/a"},
           Case{"/docs/{tail}", "/old/**", "/old/a/b%2fc/", "/docs/a/b%2Fc/"},
           Case{"/docs/{tail}", "/old/**", "/old", "/docs/"},
           Case{"/u/{param.id}/{param.none}", "/users/:id", "/users/a%2fb", "/u/a%2Fb/"},
           Case{"/a#top", "/**", "/", "/a#top"},
           Case{"https://example.net{query}", "/**", "/?x", "https://example.net?x"},
           Case{"{path}/{query}", "/:a", "/a?", "/a/?"},
           Case{"//cdn.example.com{path}", "/**", "/a", "//cdn.example.com/a"},
       }) {
    EXPECT_EQ(location(to, pattern, target), expected) << to;
  }
}

TEST(Redirect, WhatAPeerSendsStaysInItsPlace) {
  struct Case {
    std::string_view to, target, location;
  };
  for (const auto& [to, target, expected] : {
           Case{"{path}x", "//example.net/", "/example.net/x"},  // "//host" is another server
           Case{"/{path}", "/example.net", "/example.net"},
           Case{"/{path}", "///example.net", "/example.net"},
           Case{"/{tail}", "//example.net", "/example.net"},
           Case{"/{tail}", "/\\example.net", "/%5Cexample.net"},
           Case{"/x{path}", "/'%22", "/x/%27%22"},
           Case{"/x{query}", "/?a=%0d%0aSet-Cookie:x&b='", "/x?a=%0d%0aSet-Cookie:x&b=%27"},
           Case{"/x{query}", "/?%zz%", "/x?%25zz%25"},
       }) {
    EXPECT_EQ(location(to, "/**", target), expected) << to << " " << target;
  }
}

TEST(Redirect, HasTheStatusItWasGivenAndDoesNotWaitForContent) {
  for (const Status status : {Status::kMovedPermanently, Status::kFound, Status::kSeeOther, Status::kTemporaryRedirect,
                              Status::kPermanentRedirect}) {
    ParsedRequest request("POST", "/", "Content-Length: 3\r\n");
    const http::Handler handler = Redirect("/x", status);
    EXPECT_EQ(test::answer(handler, request).status, status);
  }
  EXPECT_THROW(Redirect("/x", Status::kOk), RedirectError);
  EXPECT_THROW(Redirect("/x", Status::kNotModified), RedirectError);
}

TEST(Redirect, HostNeedsAHost) {
  const http::Limits limits;
  http::Request request;
  ASSERT_TRUE(request.parse("GET / HTTP/1.0\r\n\r\n", limits));
  const Response response = Redirect("https://{host}/")(request);
  EXPECT_EQ(response.status, Status::kBadRequest);
  EXPECT_EQ(response.why, Reason::kMissingHost);
}

TEST(Redirect, BadTargetsThrowAndSayWhy) {
  struct Case {
    std::string_view target, message;
  };
  for (const auto& [target, message] : {
           Case{"", "write a path"},
           Case{"example.com", "write a path"},
           Case{"{tail}", "write a path"},
           Case{"{host}/x", "write a path"},
           Case{"javascript:alert(1)", "write a path"},
           Case{"/{foo}", "unknown placeholder"},
           Case{"/{param.}", "unknown placeholder"},
           Case{"/{}", "unknown placeholder"},
           Case{"/{path", "without"},
           Case{"/a b", "no URI has"},
           Case{"/a\r\nSet-Cookie: x", "no URI has"},
           Case{"/%zz", "no URI has"},
           Case{"/a\"", "no URI has"},
           Case{"/a}", "no URI has"},
           Case{"https://example.com{tail}", "stand in a host"},
           Case{"https://{param.x}/", "stand in a host"},
           Case{"//{tail}", "stand in a host"},
       }) {
    try {
      const Redirect redirect(target);
      ADD_FAILURE() << "no exception: " << target;
    } catch (const RedirectError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(message)) << target;
    }
  }
}

TEST(Redirect, NamesItsParameters) {
  EXPECT_THAT(Redirect("/{param.a}/{tail}/{param.b}").param_names(), testing::ElementsAre("a", "b"));
}

}  // namespace
}  // namespace flare::handlers
