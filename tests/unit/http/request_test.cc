#include "flare/http/request.h"

#include <gtest/gtest.h>

#include <string>

namespace flare::http {
namespace {

using Outcome = std::expected<std::size_t, Reason>;

std::string get(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: example.com\r\n\r\n";
}

TEST(Request, HasTheCanonicalPathAndTheReceivedOne_H23_H25) {
  struct {
    std::string target, path, raw_path, query;
  } const table[] = {
      {"/", "/", "/", ""},
      {"/a/b?c=%41", "/a/b", "/a/b", "c=%41"},
      {"/%61//b%2f/", "/a/b%2F/", "/%61//b%2f/", ""},
      {"http://example.net", "/", "/", ""},
      {"https://example.net/%7Ea?q", "/~a", "/%7Ea", "q"},
  };
  const Limits limits;
  Request request;
  for (const auto& row : table) {
    const std::string input = get(row.target);
    ASSERT_EQ(request.parse(input, limits), Outcome(input.size())) << row.target;
    EXPECT_EQ(request.path(), row.path);
    EXPECT_EQ(request.raw_path(), row.raw_path);
    EXPECT_EQ(request.query(), row.query);
    EXPECT_EQ(request.target(), row.target);
  }
}

TEST(Request, LeavesTheAsteriskAlone_H10) {
  Request request;
  const Limits limits;
  const std::string input = "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_EQ(request.parse(input, limits), Outcome(input.size()));
  EXPECT_EQ(request.path(), "*");
  EXPECT_EQ(request.method(), Method::kOptions);
}

TEST(Request, RefusesBadPathsAndStillShowsThem_H22) {
  Request request;
  const Limits limits;
  for (const char* target : {"/%", "/%4", "/%zz", "/a%00", "/%0A"}) {
    const std::string input = get(target);
    EXPECT_EQ(request.parse(input, limits), Outcome(std::unexpected(Reason::kBadEscape))) << target;
    EXPECT_EQ(request.target(), target);
    EXPECT_EQ(request.method_token(), "GET");
  }
  const std::string bad_head = "PATCH /a HTTP/1.1\r\nX : b\r\n";
  EXPECT_EQ(request.parse(bad_head, limits), Outcome(std::unexpected(Reason::kBadHeaderName)));
  EXPECT_EQ(request.target(), "/a");
  EXPECT_EQ(request.method(), Method::kPatch);
}

TEST(Request, IsIncompleteUntilTheHeadIsThere) {
  Request request;
  const Limits limits;
  const std::string input = get("/a");
  for (std::size_t size = 0; size < input.size(); ++size) {
    EXPECT_EQ(request.parse(std::string_view(input).substr(0, size), limits), Outcome(0));
  }
  EXPECT_EQ(request.parse(input, limits), Outcome(input.size()));
}

TEST(Request, DecodesParametersFromThePath) {
  Request request;
  const Limits limits;
  const std::string input = get("/users/a%20b%2Fc/x");
  ASSERT_EQ(request.parse(input, limits), Outcome(input.size()));
  request.add_param({.name = "user", .offset = 7, .length = 9});
  request.add_param({.name = "rest", .offset = 17, .length = 1});
  EXPECT_EQ(request.param("user"), "a b/c");
  EXPECT_EQ(request.param("rest"), "x");
  EXPECT_EQ(request.param("nobody"), "");
  EXPECT_TRUE(request.has_param("user"));
  EXPECT_FALSE(request.has_param("User"));
}

TEST(Request, StartsAnewWithEachParse) {
  Request request;
  const Limits limits;
  const Limits narrow{.body = 1};
  const std::string input = get("/abc");
  ASSERT_EQ(request.parse(input, limits), Outcome(input.size()));
  request.add_param({.name = "a", .offset = 1, .length = 1});
  request.set_tail(1);
  request.set_body("content");
  request.set_limits(narrow);
  ASSERT_EQ(request.parse(input, limits), Outcome(input.size()));
  EXPECT_FALSE(request.has_param("a"));
  EXPECT_EQ(request.tail(), "");
  EXPECT_EQ(request.body(), "");
  EXPECT_EQ(request.content_source(), nullptr);
  EXPECT_EQ(&request.limits(), &limits);
}

TEST(Request, ALargeHeadGivesItsMemoryBackWhenItIsAnswered) {
  const Limits limits;
  Request request;
  for (const std::size_t size : {std::size_t{100}, std::size_t{10'000}}) {
    const std::string input = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(size, 'x') + "\r\n\r\n";
    ASSERT_EQ(request.parse(input, limits), Outcome(input.size()));
    request.keep_head(input);
    request.retire();
    EXPECT_EQ(request.kept_bytes(), size < 4096 ? input.size() : 0);
  }
}

TEST(Request, FieldsThatMiddlewareAddsStayWhereTheReceivedOnesMove) {
  const Limits limits;
  Request request;
  const std::string input = "GET / HTTP/1.1\r\nHost: a\r\nX-User: root\r\nx-user: admin\r\nX-B: b\r\n\r\n";
  ASSERT_EQ(request.parse(input, limits), Outcome(input.size()));
  request.remove_header("X-USER");
  EXPECT_EQ(request.headers().size(), 2U);
  request.add_header("X-User", "ann");
  request.add_header("X-Role", "reader");
  request.add_header("X-Role", "writer");
  EXPECT_EQ(request.received_headers().size(), 2U);
  EXPECT_EQ(request.added_headers().size(), 3U);

  request.keep_head(input);
  EXPECT_EQ(request.kept_bytes(), input.size());
  EXPECT_EQ(request.header("X-User"), "ann");
  EXPECT_EQ(request.header("X-B"), "b");
  const char* const kept = request.method_token().data();
  EXPECT_NE(kept, input.data());
  EXPECT_EQ(request.header("X-B")->data(), kept + input.find(" b\r") + 1);

  request.remove_header("x-role");
  EXPECT_FALSE(request.header("X-Role"));
  EXPECT_EQ(request.added_headers().size(), 1U);
  request.set_user("ann");
  ASSERT_EQ(request.parse(input, limits), Outcome(input.size()));
  EXPECT_EQ(request.added_headers().size(), 0U);
  EXPECT_EQ(request.header("X-User"), "root");
  EXPECT_EQ(request.user(), "");
}

}  // namespace
}  // namespace flare::http
