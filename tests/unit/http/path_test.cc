#include "flare/http/path.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace flare::http {
namespace {

using namespace std::string_view_literals;

std::string canonical(std::string_view raw) {
  std::string scratch;
  const auto path = canonical_path(raw, scratch);
  return path ? std::string(*path) : "refused: " + std::string(to_string(path.error()));
}

TEST(CanonicalPath, ReturnsACanonicalPathItselfWithoutCopy) {
  for (const std::string_view raw :
       {"/", "/a", "/a/", "/plaintext", "/a/b.c/d-e_f~g", "/.well-known/x", "/a/.b", "/a/...", "/..a", "/a..", "/a./b",
        "/:@!$&'()*+,;=", "/a%2Fb", "/a%5Cb", "/%20", "/%C3%A9", "/\"<>[]^`{|}",
        "/a/path/that/is/longer/than/several/blocks/of/sixteen/bytes/and/ends.html"}) {
    std::string scratch;
    const auto path = canonical_path(raw, scratch);
    ASSERT_TRUE(path) << raw;
    EXPECT_EQ(path->data(), raw.data()) << raw;
    EXPECT_EQ(*path, raw);
  }
}

TEST(CanonicalPath, H_22_StrictPathsAreUtf8) {
  struct Case {
    std::string_view raw;
    bool utf8;
  };
  for (const auto& [raw, utf8] : {
           Case{"/%C3%A9", true},
           Case{"/%c3%a9/x", true},
           Case{"/caf\xC3\xA9", true},
           Case{"/%F0%9F%98%80", true},
           Case{"/%ff", false},
           Case{"/%80", false},
           Case{"/%c0%af", false},
           Case{"/%c0%ae%c0%ae/", false},
           Case{"/%e0%80%af", false},
           Case{"/%ed%a0%80", false},
           Case{"/%C3/%A9", false},
           Case{"/%C3", false},
           Case{"/%C3a", false},
           Case{"/\xC3", false},
           Case{"/%f4%90%80%80", false},
       }) {
    std::string scratch;
    const auto strict = canonical_path(raw, scratch, Utf8Policy::kStrict);
    EXPECT_EQ(strict.has_value(), utf8) << raw;
    if (!strict) EXPECT_EQ(strict.error(), Reason::kBadUtf8) << raw;
    EXPECT_TRUE(canonical_path(raw, scratch, Utf8Policy::kOpaque)) << raw;
  }
}

TEST(CanonicalPath, RewritesTheRest) {
  struct Case {
    std::string_view raw, path;
  };
  for (const auto& [raw, path] : {
           Case{"/%41%7a%30", "/Az0"},  // H-23: unreserved characters are decoded
           Case{"/%2D%2e%5f%7E", "/-._~"},
           Case{"/a%2fb%5cc", "/a%2Fb%5Cc"},  // H-26: kept, never a separator
           Case{"/%c3%a9", "/%C3%A9"},        // upper-case hex
           Case{"/%2b+", "/%2B+"},            // reserved: not the same
           Case{"/%2541", "/%2541"},          // decoded once only
           Case{"/%25%34%31", "/%2541"},
           Case{"//", "/"},  // H-25: empty segments merged
           Case{"//a///b//", "/a/b/"},
           Case{"/a\\b", "/a%5Cb"},
           Case{"/\\..\\", "/%5C..%5C"},
           Case{"/caf\xC3\xA9", "/caf%C3%A9"},
           Case{"/a b?c#d", "/a%20b%3Fc%23d"},
           Case{"/%2E%2E%2Fa", "/..%2Fa"},  // no whole segment
           Case{"/%2ewell-known", "/.well-known"},
           Case{"/0123456789abcdef//x", "/0123456789abcdef/x"},
       }) {
    EXPECT_EQ(canonical(raw), path) << raw;
    EXPECT_EQ(canonical(path), path) << "canonical is canonical";
  }
}

TEST(CanonicalPath, RefusesDotSegmentsWhereverTheyStand) {  // H-24
  for (const std::string_view raw : {"/.",
                                     "/..",
                                     "/./",
                                     "/../",
                                     "/a/.",
                                     "/a/..",
                                     "/a/./b",
                                     "/a/../b",
                                     "/%2e",
                                     "/%2E%2e",
                                     "/.%2e/",
                                     "/a/%2e%2E/b",
                                     "/a//../b",
                                     "//..",
                                     "//.//",
                                     "/..//",
                                     "/0123456789abcde/..",
                                     "/0123456789abcd/../x",
                                     "/0123456789abcdef/../x",
                                     "/a%5C/..",
                                     "/0123456789abcdef0123456789abcdef/."}) {
    EXPECT_EQ(canonical(raw), "refused: dot_segment") << raw;
  }
}

TEST(CanonicalPath, RefusesBadTripletsAndControls) {  // H-22
  for (const std::string_view raw :
       {"/%"sv, "/%4"sv, "/%g0"sv, "/%0g"sv, "/%%41"sv, "/a%"sv, "/%00"sv, "/%0d%0a"sv, "/%1F"sv, "/%7f"sv, "/\0"sv,
        "/a\nb"sv, "/\x7F"sv, "/0123456789abcdef0123456789\x01 01234567"sv, "/%u0041"sv, "/%+1"sv}) {
    EXPECT_EQ(canonical(raw), "refused: bad_escape") << testing::PrintToString(raw);
  }
}

TEST(CanonicalPath, RefusesWhatDoesNotBeginWithASlash) {
  for (const std::string_view raw : {"", "*", "a", "%2Fa", "\\a", "."}) {
    EXPECT_EQ(canonical(raw), "refused: bad_target") << raw;
  }
}

TEST(CanonicalPath, FindsASuspectByteAtEveryPositionOfEveryLength) {
  for (std::size_t length = 4; length < 70; ++length) {
    for (std::size_t at = 2; at + 1 < length; ++at) {
      const std::string plain = '/' + std::string(length - 1, 'a');
      std::string merged = plain;
      merged.replace(at, 2, "//");
      EXPECT_EQ(canonical(merged).size(), length - 1) << merged;
      std::string escaped = plain;
      escaped[at] = '%';
      EXPECT_EQ(canonical(escaped),
                at + 2 < length ? plain.substr(0, at) + "%AA" + plain.substr(at + 3) : "refused: bad_escape");
      std::string backslash = plain;
      backslash[at] = '\\';
      EXPECT_EQ(canonical(backslash), plain.substr(0, at) + "%5C" + plain.substr(at + 1));
      std::string dots = plain;
      dots.replace(at, 2, "/.");
      EXPECT_EQ(canonical(dots), at + 2 == length ? "refused: dot_segment" : dots);
    }
  }
}

TEST(PercentDecode, DecodesEveryByteOnce) {
  for (int i = 0; i < 256; ++i) {
    std::string encoded;
    append_percent_encoded(encoded, std::string(1, static_cast<char>(i)));
    EXPECT_EQ(percent_decode(encoded), std::string(1, static_cast<char>(i)));
  }
  EXPECT_EQ(percent_decode(""), "");
  EXPECT_EQ(percent_decode("a%2fb+c%2541"), "a/b+c%41");
}

TEST(PercentDecode, RefusesMalformedTriplets) {
  for (const std::string_view text : {"%", "a%", "%4", "%zz", "%4z", "%z4", "%%41", "%-1", "% 1"}) {
    EXPECT_FALSE(percent_decode(text)) << text;
  }
}

TEST(AppendPercentEncoded, KeepsUnreservedAndSlashesOnly) {
  std::string out = "/base";
  append_percent_encoded(out, "/a-b._~/c d%?#&+\"\r\n\xC3\xA9");
  EXPECT_EQ(out, "/base/a-b._~/c%20d%25%3F%23%26%2B%22%0D%0A%C3%A9");
}

TEST(NormalizeHost, LowersCaseAndDropsPortAndOneTrailingDot) {
  struct Case {
    std::string_view authority, host;
  };
  for (const auto& [authority, host] : {
           Case{"example.com", "example.com"},
           Case{"example.com:8080", "example.com"},
           Case{"example.com:", "example.com"},
           Case{"EXAMPLE.Com.:80", "example.com"},
           Case{"example.com.", "example.com"},
           Case{"example.com..", "example.com."},
           Case{"127.0.0.1:80", "127.0.0.1"},
           Case{"[::1]:80", "[::1]"},
           Case{"[2001:DB8::1]", "[2001:db8::1]"},
           Case{".", "."},
           Case{"", ""},
       }) {
    std::string scratch;
    EXPECT_EQ(normalize_host(authority, scratch), host) << authority;
    const bool copied = std::ranges::any_of(authority, [](char c) { return c >= 'A' && c <= 'Z'; });
    EXPECT_EQ(scratch.empty(), !copied) << authority;
  }
}

TEST(IsValidAuthority, AcceptsWhatRfc3986Allows) {  // H-8
  for (const std::string_view authority :
       {"example.com", "example.com.", "EXAMPLE.com:80", "example.com:", "a", "a_b-c~d", "127.0.0.1", "127.0.0.1:65535",
        "a:00080", "[::1]", "[::1]:443", "[::1]:", "[2001:DB8::ffff:192.0.2.1]", "xn--caf-dma.example.com", "a%20b",
        "a!$&'()*+,;=b", "localhost:0"}) {
    EXPECT_TRUE(is_valid_authority(authority)) << authority;
  }
}

TEST(IsValidAuthority, RefusesEverythingElse) {
  for (const std::string_view authority : {""sv,
                                           ":"sv,
                                           ":80"sv,
                                           "a:65536"sv,
                                           "a:-1"sv,
                                           "a:+1"sv,
                                           "a:8o"sv,
                                           "a: 80"sv,
                                           "a:80 "sv,
                                           "a:80:80"sv,
                                           "a b"sv,
                                           "user@a"sv,
                                           "user:pw@a"sv,
                                           "a/"sv,
                                           "a/b"sv,
                                           "a?b"sv,
                                           "a#b"sv,
                                           "a\\b"sv,
                                           "a%"sv,
                                           "a%2"sv,
                                           "a%zz"sv,
                                           "a\0"sv,
                                           "a\r\n"sv,
                                           "a\tb"sv,
                                           "caf\xC3\xA9"sv,
                                           "[::1"sv,
                                           "::1"sv,
                                           "[::1]a"sv,
                                           "[::1]80"sv,
                                           "[]"sv,
                                           "[127.0.0.1]"sv,
                                           "[::g]"sv,
                                           "[fe80::1%25eth0]"sv,
                                           "[v1.x]"sv,
                                           "[::1]:65536"sv,
                                           "[[::1]]"sv,
                                           "a[b"sv,
                                           "a]"sv,
                                           "<a>"sv,
                                           "a,b c"sv,
                                           "\"a\""sv}) {
    EXPECT_FALSE(is_valid_authority(authority)) << testing::PrintToString(authority);
  }
}

}  // namespace
}  // namespace flare::http
