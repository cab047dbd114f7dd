#include "flare/http/route_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/parsed_request.h"

namespace flare::http {
namespace {

using test::ParsedRequest;
using testing::ElementsAre;

MethodSet methods(std::initializer_list<std::string_view> tokens) {
  MethodSet set;
  for (std::string_view token : tokens) set.add(token);
  return set;
}

/// A field of that name is there.
class HasHeader final : public RoutePredicate {
 public:
  explicit HasHeader(std::string_view name, std::size_t weight = 1) : name_(name), weight_(weight) {}
  bool holds(const Request& request) const noexcept override { return request.header(name_).has_value(); }
  std::size_t count() const noexcept override { return weight_; }
  bool excludes(const RoutePredicate& other) const noexcept override { return excluded_ == &other; }
  std::string describe_failure(const Request&) const override { return "header " + std::string(name_); }
  void exclude(const RoutePredicate& other) noexcept { excluded_ = &other; }

 private:
  std::string_view name_;
  std::size_t weight_;
  const RoutePredicate* excluded_ = nullptr;
};

/// A table whose routes are numbered in the order they stand in.
RouteTable table_of(std::vector<Route> routes) {
  RouteTable table;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    routes[i].index = i;
    EXPECT_EQ(table.add(std::move(routes[i])), std::nullopt) << i;
  }
  return table;
}

/// The winner's number, 404 or 405.
int winner(const RouteTable& table, std::string_view method, std::string_view target, std::string_view fields = {}) {
  ParsedRequest request(method, target, fields);
  const RouteMatch match = table.match(*request);
  switch (match.verdict) {
    case RouteVerdict::kFound: return static_cast<int>(match.index);
    case RouteVerdict::kNotFound: return 404;
    case RouteVerdict::kMethodNotAllowed: return 405;
  }
  return -1;
}

TEST(RouteTable, AnEmptyTableFindsNothing) {
  const RouteTable table;
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(winner(table, "GET", "/"), 404);
}

TEST(RouteTable, TheMostSpecificRouteWinsInWhateverOrderTheyCame) {
  struct Case {
    std::string_view path;
    std::string_view pattern;
  };
  const std::vector<RoutePattern> patterns = {
      "/",      "/a",      "/a/",   "/a/b", "/a/:p", {"/a/:n", {{"n", SegmentKind::kInt}}},
      "/a/*/c", "/a/:p/d", "/a/**", "/**",  "/:x/b", "/*/b/c"};
  constexpr Case kCases[] = {
      {"/", "/"},           {"/a", "/a"},          {"/a/", "/a/"},        {"/a/b", "/a/b"},    {"/a/x", "/a/:p"},
      {"/a/12", "/a/:n"},   {"/a/12/c", "/a/*/c"}, {"/a/x/d", "/a/:p/d"}, {"/a/x/e", "/a/**"}, {"/a/b/", "/a/**"},
      {"/a/b/c", "/a/*/c"}, {"/x/b", "/:x/b"},     {"/x/b/c", "/*/b/c"},  {"/x/c", "/**"},     {"/ab", "/**"},
  };
  for (std::size_t rotation = 0; rotation < patterns.size(); ++rotation) {
    RouteTable table;
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      const std::size_t index = (i + rotation) % patterns.size();
      ASSERT_FALSE(table.add({.pattern = patterns[index], .index = index}));
    }
    for (const auto& [path, pattern] : kCases) {
      const int won = winner(table, "GET", path);
      ASSERT_LT(won, 400) << path;
      EXPECT_EQ(patterns[static_cast<std::size_t>(won)].text(), pattern) << path;
    }
  }
}

TEST(RouteTable, GoesBackWhereAMoreSpecificBranchEnds) {
  const RouteTable table = table_of({{.pattern = "/a/b/c"}, {.pattern = "/:x/b/d"}, {.pattern = "/*/*/e"}});
  EXPECT_EQ(winner(table, "GET", "/a/b/c"), 0);
  EXPECT_EQ(winner(table, "GET", "/a/b/d"), 1);
  EXPECT_EQ(winner(table, "GET", "/a/b/e"), 2);
  EXPECT_EQ(winner(table, "GET", "/a/b/f"), 404);
}

TEST(RouteTable, FindsLiteralsOfEveryLengthAmongMany) {
  RouteTable table;
  std::string name;
  for (std::size_t i = 0; i < 1000; ++i) {
    name = "/" + std::string(i % 40, 'x') + std::to_string(i);
    ASSERT_FALSE(table.add({.pattern = name, .index = i})) << name;
  }
  for (std::size_t i = 0; i < 1000; ++i) {
    name = "/" + std::string(i % 40, 'x') + std::to_string(i);
    ParsedRequest request("GET", name);
    EXPECT_EQ(table.match(*request).index, i) << name;
    EXPECT_EQ(winner(table, "GET", name + "y"), 404) << name;
  }
}

TEST(RouteTable, CapturesParametersAndTail) {
  struct Case {
    std::string_view pattern, target, first, second, tail;
  };
  for (const auto& [pattern, target, first, second, tail] : {
           Case{"/u/:first/:second", "/u/a%20b/c", "a b", "c", ""},
           Case{"/:first/x/:second/**", "/1/x/2/3/4", "1", "2", "3/4"},
           Case{"/:first/**", "/1", "1", "", ""},
           Case{"/:first/**", "/1/", "1", "", ""},
           Case{"/:first/**", "/1/a%2fb/", "1", "", "a%2Fb/"},
           Case{"/:first/*", "/1/2", "1", "", "2"},
           Case{"/*/:first", "/1/2", "2", "", ""},
           Case{"/**", "/", "", "", ""},
           Case{"/**", "//a//b", "", "", "a/b"},
       }) {
    const RouteTable table = table_of({{.pattern = pattern}});
    ParsedRequest request("GET", target);
    ASSERT_EQ(table.match(*request).verdict, RouteVerdict::kFound) << pattern;
    EXPECT_EQ(request->param("first"), first) << pattern;
    EXPECT_EQ(request->param("second"), second) << pattern;
    EXPECT_EQ(request->has_param("second"), pattern.contains(":second")) << pattern;
    EXPECT_EQ(request->tail(), tail) << pattern;
  }
}

TEST(RouteTable, ABranchThatFailedLeavesNoParameters) {
  const RouteTable table = table_of({{.pattern = "/:a/:b/x"}, {.pattern = "/*/:c/y"}});
  ParsedRequest request("GET", "/1/2/y");
  EXPECT_EQ(table.match(*request).index, 1U);
  ASSERT_EQ(request->params().size(), 1U);
  EXPECT_EQ(request->params()[0].name, "c");
  EXPECT_EQ(request->param("c"), "2");

  ParsedRequest lost("GET", "/1/2/z");
  EXPECT_EQ(table.match(*lost).verdict, RouteVerdict::kNotFound);
  EXPECT_TRUE(lost->params().empty());
}

TEST(RouteTable, MethodsDecideAndTellWhatIsAllowed) {
  const RouteTable table = table_of({{.pattern = "/a", .methods = methods({"GET"})},
                                     {.pattern = "/a", .methods = methods({"POST", "PURGE"})},
                                     {.pattern = "/:p", .methods = methods({"DELETE"})},
                                     {.pattern = "/any"},
                                     {.pattern = "/any", .methods = methods({"PUT"})},
                                     {.pattern = "/head", .methods = methods({"GET"})},
                                     {.pattern = "/head", .methods = methods({"HEAD"})}});
  EXPECT_EQ(winner(table, "GET", "/a"), 0);
  EXPECT_EQ(winner(table, "HEAD", "/a"), 0);  // M4
  EXPECT_EQ(winner(table, "POST", "/a"), 1);
  EXPECT_EQ(winner(table, "PURGE", "/a"), 1);
  EXPECT_EQ(winner(table, "purge", "/a"), 405);  // H-4: case-sensitive
  EXPECT_EQ(winner(table, "DELETE", "/a"), 2);   // the most specific route that matches
  EXPECT_EQ(winner(table, "PUT", "/a"), 405);
  EXPECT_EQ(winner(table, "PUT", "/any"), 4);  // a method is a matcher: more specific than none
  EXPECT_EQ(winner(table, "GET", "/any"), 3);
  EXPECT_EQ(winner(table, "OPTIONS", "/any"), 3);
  EXPECT_EQ(winner(table, "HEAD", "/head"), 6);  // said is more than implied
  EXPECT_EQ(winner(table, "GET", "/head"), 5);

  ParsedRequest put("PUT", "/a");
  EXPECT_EQ(table.allow(*put), "GET, HEAD, POST, DELETE, OPTIONS, PURGE");  // M6: the union
  ParsedRequest other("PUT", "/x");
  EXPECT_EQ(table.allow(*other), "DELETE, OPTIONS");
  EXPECT_EQ(table.allow_all(), "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, PURGE");
}

TEST(RouteTable, PredicatesDecideAmongEqualPatterns) {
  const auto canary = std::make_shared<HasHeader>("X-Canary");
  const auto both = std::make_shared<HasHeader>("X-Both", 2);
  const RouteTable table = table_of({{.pattern = "/a"},
                                     {.pattern = "/a", .predicate = canary},
                                     {.pattern = "/a", .predicate = both},
                                     {.pattern = "/b", .methods = methods({"GET"}), .predicate = canary},
                                     {.pattern = "/**", .methods = methods({"POST"})}});
  EXPECT_EQ(winner(table, "GET", "/a"), 0);
  EXPECT_EQ(winner(table, "GET", "/a", "X-Canary: 1\r\n"), 1);
  EXPECT_EQ(winner(table, "GET", "/a", "X-Canary: 1\r\nX-Both: 1\r\n"), 2);
  EXPECT_EQ(winner(table, "GET", "/b", "X-Canary: 1\r\n"), 3);
  EXPECT_EQ(winner(table, "PUT", "/b", "X-Canary: 1\r\n"), 405);
  ParsedRequest canary_put("PUT", "/b", "X-Canary: 1\r\n");
  EXPECT_EQ(table.allow(*canary_put), "GET, HEAD, POST, OPTIONS");
  ParsedRequest put("PUT", "/b");  // M6: a route whose other matchers fail allows nothing
  EXPECT_EQ(table.allow(*put), "POST, OPTIONS");
}

TEST(RouteTable, RefusesRoutesThatNothingTellsApart) {
  const auto x = std::make_shared<HasHeader>("X");
  const auto y = std::make_shared<HasHeader>("Y");
  const auto not_x = std::make_shared<HasHeader>("Z");
  not_x->exclude(*y);
  y->exclude(*not_x);
  struct Case {
    Route first, second;
    bool ambiguous;
  };
  const Case kCases[] = {
      {{.pattern = "/a"}, {.pattern = "/a"}, true},
      {{.pattern = "/a"}, {.pattern = "//%61"}, true},
      {{.pattern = "/:p"}, {.pattern = "/:q"}, true},
      {{.pattern = "/:p/**"}, {.pattern = "/:q/**"}, true},
      {{.pattern = "/:p"}, {.pattern = "/*"}, false},
      {{.pattern = "/a"}, {.pattern = "/a/**"}, false},
      {{.pattern = "/a", .methods = methods({"GET"})}, {.pattern = "/a"}, false},
      {{.pattern = "/a", .methods = methods({"GET"})}, {.pattern = "/a", .methods = methods({"POST", "GET"})}, true},
      {{.pattern = "/a", .methods = methods({"GET"})}, {.pattern = "/a", .methods = methods({"HEAD"})}, false},
      {{.pattern = "/a", .methods = methods({"GET"})}, {.pattern = "/a", .methods = methods({"POST"})}, false},
      {{.pattern = "/a", .methods = methods({"LOCK"})}, {.pattern = "/a", .methods = methods({"LOCK"})}, true},
      {{.pattern = "/a", .predicate = x}, {.pattern = "/a", .predicate = y}, true},
      {{.pattern = "/a", .predicate = x}, {.pattern = "/a"}, false},
      {{.pattern = "/a", .predicate = x}, {.pattern = "/a", .methods = methods({"GET"})}, true},
      {{.pattern = "/a", .predicate = not_x}, {.pattern = "/a", .predicate = y}, false},
  };
  for (const auto& [first, second, ambiguous] : kCases) {
    RouteTable table;
    Route numbered = second;
    numbered.index = 7;
    ASSERT_FALSE(table.add(numbered));
    EXPECT_EQ(table.add(first), ambiguous ? std::optional<std::size_t>(7) : std::nullopt)
        << first.pattern.text() << " " << second.pattern.text();
  }
}

TEST(RouteTable, ExplainsEachCandidate) {
  const RouteTable table = table_of({{.pattern = "/**"},
                                     {.pattern = "/a", .methods = methods({"POST"})},
                                     {.pattern = "/a", .predicate = std::make_shared<HasHeader>("X-Canary", 2)},
                                     {.pattern = "/:p"},
                                     {.pattern = "/b"}});
  ParsedRequest request("GET", "/a");
  const auto is = [](std::size_t index, bool won, const std::string& why) {
    return testing::AllOf(testing::Field(&RouteCandidate::index, index), testing::Field(&RouteCandidate::won, won),
                          testing::Field(&RouteCandidate::why_not, why));
  };
  EXPECT_THAT(table.explain(*request), ElementsAre(is(2, false, "header X-Canary"), is(1, false, "method"),
                                                   is(3, true, ""), is(0, false, "less specific")));
}

}  // namespace
}  // namespace flare::http
