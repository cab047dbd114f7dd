#include "flare/base/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace flare {
namespace {

bool matches(std::string_view pattern, std::string_view path) {
  const auto glob = Glob::parse(pattern);
  EXPECT_TRUE(glob) << pattern << ": " << (glob ? "" : glob.error());
  return glob && glob->matches(path);
}

TEST(Glob, Matches) {
  struct Case {
    std::string_view pattern, path;
    bool expected;
  };
  for (const auto& [pattern, path, expected] : std::initializer_list<Case>{
           {"*.html", "index.html", true},
           {"*.html", "docs/a/index.html", true},  // no slash: the last segment
           {"*.html", "index.htm", false},
           {"*", "", true},
           {"a*b*c", "aXbYbZc", true},
           {"a?c", "abc", true},
           {"a?c", "ac", false},
           {"docs/*.html", "docs/a.html", true},
           {"docs/*.html", "docs/a/b.html", false},
           {"docs/**.html", "docs/a/b.html", true},
           {"/docs/**", "docs/a", true},
           {"docs/*", "other/docs/a", false},
           {"/index.html", "index.html", true},
           {"/index.html", "deep/index.html", false},  // a slash in front is a slash
           {"**/*.js", "a.js", true},
           {"**/*.js", "x/y/a.js", true},
           {"a/**/b", "a/b", true},
           {"a/**/b", "a/x/y/b", true},
           {"a/**/b", "ab", false},
           {"a/**/b", "a/xb", false},
           {"x**/b", "xa/y/b", true},
           {"*-[0-9a-f]*.{js,css,woff2}", "app-1f.css", true},
           {"*-[0-9a-f]*.{js,css,woff2}", "app-x.css", false},
           {"*-[0-9a-f]*.{js,css,woff2}", "app-1f.html", false},
           {"{a,b}{c,d}", "bc", true},
           {"{a,}x", "x", true},
           {"[!a]", "b", true},
           {"[!a]", "a", false},
           {"x/[!a]", "x//", false},  // no set has a slash
           {"[]a]", "]", true},
           {"[*{]", "{", true},
           {"\\*\\{", "*{", true},
           {"A", "a", false},
       }) {
    EXPECT_EQ(matches(pattern, path), expected) << pattern << " " << path;
  }
}

TEST(Glob, RefusesWhatIsNoPattern) {
  for (const std::string& pattern :
       {std::string(), std::string("[abc"), std::string("[z-a]"), std::string("[!]"), std::string("{a,b"),
        std::string("a\\"), std::string(257, 'a'), std::string("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}")}) {
    EXPECT_FALSE(Glob::parse(pattern)) << pattern;
  }
}

TEST(Glob, ManyStarsTakeNoLongerForIt) { EXPECT_FALSE(matches(std::string(200, '*') + "b", std::string(4000, 'a'))); }

}  // namespace
}  // namespace flare
