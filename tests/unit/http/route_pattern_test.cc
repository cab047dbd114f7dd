#include "flare/http/route_pattern.h"

#include <gtest/gtest.h>

#include <string>

namespace flare::http {
namespace {

TEST(RoutePattern, MatchesWholePathsSegmentBySegment) {
  struct Case {
    std::string_view pattern, path;
    bool matches;
  };
  for (const auto& [pattern, path, matches] : {
           Case{"/", "/", true},           Case{"/", "/a", false},           Case{"/a", "/a", true},
           Case{"/a", "/a/", false},       Case{"/a", "/ab", false},         Case{"/a", "/A", false},
           Case{"/a/", "/a/", true},       Case{"/a/", "/a", false},         Case{"/a/b", "/a", false},
           Case{"/:id", "/x", true},       Case{"/:id", "/", false},         Case{"/:id", "/x/", false},
           Case{"/:id", "/x/y", false},    Case{"/a/:id/c", "/a/b/c", true}, Case{"/a/:id/c", "/a//c", false},
           Case{"/*", "/x", true},         Case{"/*", "/", false},           Case{"/*/b", "/a/b", true},
           Case{"/*/b", "/a/c", false},    Case{"/**", "/", true},           Case{"/**", "/a/b/", true},
           Case{"/a/**", "/a", true},      Case{"/a/**", "/a/", true},       Case{"/a/**", "/a/b", true},
           Case{"/a/**", "/a/b/c/", true}, Case{"/a/**", "/ab", false},      Case{"/a/**", "/", false},
           Case{"/**", "*", false},
       }) {
    EXPECT_EQ(RoutePattern(pattern).matches(path), matches) << pattern << " " << path;
  }
}

TEST(RoutePattern, KeepsLiteralsInTheCanonicalFormOfPaths) {
  struct Case {
    std::string_view pattern, path;
  };
  for (const auto& [pattern, path] : {
           Case{"/caf\xC3\xA9", "/caf%C3%A9"},
           Case{"/caf%c3%a9", "/caf%C3%A9"},
           Case{"/%61b", "/ab"},
           Case{"/a b", "/a%20b"},
           Case{"//a//b", "/a/b"},
           Case{"/a%2fb", "/a%2Fb"},
           Case{"/a:b", "/a:b"},
           Case{"/%3Aid", "/%3Aid"},
           Case{"/%2A", "/%2A"},
       }) {
    EXPECT_TRUE(RoutePattern(pattern).matches(path)) << pattern;
  }
  EXPECT_FALSE(RoutePattern("/%3Aid").matches("/x"));
  EXPECT_EQ(RoutePattern("/%61b").text(), "/%61b");
}

TEST(RoutePattern, SaysWhatIsWrong) {
  struct Case {
    std::string_view pattern, message;
  };
  for (const auto& [pattern, message] : {
           Case{"", R"(pattern must start with "/")"},
           Case{"a", R"(pattern must start with "/")"},
           Case{"**", R"(pattern must start with "/")"},
           Case{"/**/a", R"("**" must be last)"},
           Case{"/**/", R"("**" must be last)"},
           Case{"/**/**", R"("**" must be last)"},
           Case{"/:id/x/:id", R"(":id" repeated)"},
           Case{"/:", R"(bad parameter name ":")"},
           Case{"/:1a", R"(bad parameter name ":1a")"},
           Case{"/:a-b", R"(bad parameter name ":a-b")"},
           Case{"/:a%20", R"(bad parameter name ":a%20")"},
           Case{"/*.png", R"("*" stands for a whole segment)"},
           Case{"/a**", R"("*" stands for a whole segment)"},
           Case{"/***", R"("*" stands for a whole segment)"},
           Case{"/a?b=c", R"("?" never reaches it)"},
           Case{"/a#b", R"("#" never reaches it)"},
           Case{"/%", "bad escape"},
           Case{"/%zz", "bad escape"},
           Case{"/%00", "bad escape"},
           Case{"/a\r\nb", "bad escape"},
           Case{"/../a", R"("." and ".." segments)"},
           Case{"/a/%2e", R"("." and ".." segments)"},
           Case{"/:a/:b/:c/:d/:e/:f/:g/:h/:i/:j/:k/:l/:m/:n/:o/:p/:q", "more than 16 parameters"},
       }) {
    const auto parsed = RoutePattern::parse(pattern);
    ASSERT_FALSE(parsed) << pattern;
    EXPECT_NE(parsed.error().find(message), std::string::npos) << pattern << ": " << parsed.error();
    EXPECT_THROW(RoutePattern{pattern}, RoutePatternError) << pattern;
  }
  EXPECT_TRUE(RoutePattern::parse("/:a/:b/:c/:d/:e/:f/:g/:h/:i/:j/:k/:l/:m/:n/:o/:p"));
}

TEST(RoutePattern, TypesSayWhichSegmentsFit) {
  struct Case {
    std::string_view type, segment;
    bool fits;
  };
  constexpr std::string_view kUuid = "123e4567-E89B-12d3-a456-426614174000";
  for (const auto& [type, segment, fits] : {
           Case{"int", "0", true},
           Case{"int", "-12", true},
           Case{"int", "9223372036854775807", true},
           Case{"int", "9223372036854775808", false},
           Case{"int", "+1", false},
           Case{"int", "1.0", false},
           Case{"int", "-", false},
           Case{"int", "", false},
           Case{"uuid", kUuid, true},
           Case{"uuid", kUuid.substr(1), false},
           Case{"uuid", "123e4567+e89b-12d3-a456-426614174000", false},
           Case{"uuid", "g23e4567-e89b-12d3-a456-426614174000", false},
           Case{"hex", "09afAF", true},
           Case{"hex", "0x1", false},
           Case{"hex", "", false},
           Case{"slug", "a-B_9", true},
           Case{"slug", "a.b", false},
           Case{"slug", "a%20b", false},
           Case{"slug", "", false},
       }) {
    const auto kind = parse_param_type(type);
    ASSERT_TRUE(kind) << type;
    EXPECT_EQ(segment_fits(*kind, segment), fits) << type << " " << segment;
    EXPECT_EQ(RoutePattern("/:x", {{"x", *kind}}).matches("/" + std::string(segment)), fits) << type << " " << segment;
  }
  EXPECT_FALSE(parse_param_type("float"));
  EXPECT_FALSE(parse_param_type(""));
}

TEST(RoutePattern, ATypeNeedsAParameterOfThatName) {
  RoutePattern pattern("/:id/*");
  EXPECT_TRUE(pattern.has_param("id"));
  EXPECT_FALSE(pattern.has_param(""));
  EXPECT_FALSE(pattern.has_param("name"));
  EXPECT_FALSE(pattern.set_param_type("name", SegmentKind::kInt));
  EXPECT_TRUE(pattern.set_param_type("id", SegmentKind::kInt));
  EXPECT_TRUE(pattern.has_param("id"));
  EXPECT_FALSE(pattern.matches("/x/y"));
  EXPECT_THROW(RoutePattern("/:id", {{"name", SegmentKind::kInt}}), RoutePatternError);
}

RoutePattern typed(std::string_view text, SegmentKind type) {
  RoutePattern pattern(text);
  const RoutePattern untyped(text);
  for (const auto& segment : untyped.segments()) {
    if (is_param(segment.kind)) EXPECT_TRUE(pattern.set_param_type(segment.text, type));
  }
  return pattern;
}

TEST(RoutePattern, TheMoreSpecificComesFirst) {
  const std::pair<RoutePattern, RoutePattern> kCases[] = {
      {"/a", "/:p"},
      {"/a", typed("/:p", SegmentKind::kInt)},
      {typed("/:p", SegmentKind::kInt), typed("/:p", SegmentKind::kHex)},
      {typed("/:p", SegmentKind::kUuid), typed("/:p", SegmentKind::kSlug)},
      {typed("/:p", SegmentKind::kSlug), "/:p"},
      {"/:p", "/*"},
      {"/*", "/**"},
      {"/a/**", "/:p/b"},  // the first segment that differs decides
      {"/a/*/c", "/a/**"},
      {"/a/b/**", "/a/**"},
      {"/a", "/a/**"},  // a path that ends where the pattern ends is met exactly
      {"/", "/**"},
  };
  for (const auto& [first, second] : kCases) {
    EXPECT_TRUE(compare_specificity(first, second) < 0) << first.text() << " " << second.text();
    EXPECT_TRUE(compare_specificity(second, first) > 0) << first.text() << " " << second.text();
    EXPECT_FALSE(same_shape(first, second));
  }
}

TEST(RoutePattern, NamesOfParametersDoNotMakeAShape) {
  EXPECT_TRUE(same_shape("/u/:id/x", "/u/:name/x"));
  EXPECT_TRUE(same_shape("/u/:id/**", "/u/:name/**"));
  EXPECT_FALSE(same_shape("/u/:id", "/u/*"));
  EXPECT_FALSE(same_shape("/u/:id", typed("/u/:id", SegmentKind::kInt)));
  EXPECT_FALSE(same_shape("/a", "/a/"));
}

TEST(RoutePattern, CoversWhatMatchesNoOtherPaths) {
  struct Case {
    RoutePattern a, b;
    bool covers;
  };
  const Case kCases[] = {
      {"/**", "/a", true},
      {"/**", "/", true},
      {"/a/**", "/a", true},
      {"/a/**", "/a/", true},
      {"/a/**", "/a/:p/**", true},
      {"/a/**", "/b", false},
      {"/a/*", "/a/**", false},
      {"/a", "/a", true},
      {"/a", "/:p", false},
      {"/:p", "/a", true},
      {"/:p", "/", false},
      {"/:p", "/*", true},
      {"/*", "/:p", true},
      {"/:p", "/**", false},
      {"/:p", "/a/b", false},
      {typed("/:p", SegmentKind::kInt), "/12", true},
      {typed("/:p", SegmentKind::kInt), "/a", false},
      {typed("/:p", SegmentKind::kSlug), typed("/:p", SegmentKind::kUuid), true},
      {typed("/:p", SegmentKind::kHex), typed("/:p", SegmentKind::kInt), false},
      {typed("/:p", SegmentKind::kHex), "/:p", false},
      {"/*", typed("/:p", SegmentKind::kInt), true},
  };
  for (const auto& [a, b, expected] : kCases) EXPECT_EQ(covers(a, b), expected) << a.text() << " " << b.text();
}

}  // namespace
}  // namespace flare::http
