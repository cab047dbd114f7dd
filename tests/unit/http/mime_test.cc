#include "flare/http/mime.h"

#include <gtest/gtest.h>

#include <string>

#include "flare/base/ascii.h"

namespace flare::http {
namespace {

constexpr std::string_view kTypes[][2] = {
#include "flare/http/mime_types.inc"
};

TEST(MimeType, F8_KnowsWhatWebSitesAreMadeOf) {
  struct Case {
    std::string_view path, type;
  };
  for (const auto& [path, type] : {
           Case{"/index.html", "text/html; charset=utf-8"},
           Case{"/a.css", "text/css; charset=utf-8"},
           Case{"/a.js", "text/javascript; charset=utf-8"},
           Case{"/a.mjs", "text/javascript; charset=utf-8"},
           Case{"/a.json", "application/json; charset=utf-8"},
           Case{"/a.js.map", "application/json; charset=utf-8"},
           Case{"/a.svg", "image/svg+xml; charset=utf-8"},
           Case{"/a.svgz", "image/svg+xml"},
           Case{"/a.txt", "text/plain; charset=utf-8"},
           Case{"/a.md", "text/markdown; charset=utf-8"},
           Case{"/a.csv", "text/csv; charset=utf-8"},
           Case{"/a.xml", "application/xml"},
           Case{"/a.webmanifest", "application/manifest+json"},
           Case{"/a.wasm", "application/wasm"},
           Case{"/a.pdf", "application/pdf"},
           Case{"/a.png", "image/png"},
           Case{"/a.jpg", "image/jpeg"},
           Case{"/a.jpeg", "image/jpeg"},
           Case{"/a.gif", "image/gif"},
           Case{"/a.webp", "image/webp"},
           Case{"/a.avif", "image/avif"},
           Case{"/favicon.ico", "image/vnd.microsoft.icon"},
           Case{"/a.woff", "font/woff"},
           Case{"/a.woff2", "font/woff2"},
           Case{"/a.mp3", "audio/mpeg"},
           Case{"/a.mp4", "video/mp4"},
           Case{"/a.webm", "video/webm"},
           Case{"/a.ts", "video/mp2t"},
           Case{"/a.zip", "application/zip"},
           Case{"/a.tar.gz", "application/gzip"},
           Case{"/a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
       }) {
    EXPECT_EQ(mime_type(path), type) << path;
  }
}

TEST(MimeType, LooksAtTheLastDotOfTheLastSegmentWithoutCase) {
  EXPECT_EQ(mime_type("PHOTO.JPG"), "image/jpeg");
  EXPECT_EQ(mime_type("/a.b/c.d.PnG"), "image/png");
  EXPECT_EQ(mime_type("a.png"), "image/png");
  EXPECT_EQ(mime_type("/...png"), "image/png");
}

TEST(MimeType, F8_AnythingElseIsBytes) {
  for (const std::string_view path : {"", "/", "/file", "/file.", "/.png", ".html", "/dir.html/file", "/a.unknown",
                                      "/a.html~", "/a.html ", "/a.ht ml", "/a.xn--\xC3\xA9"}) {
    EXPECT_EQ(mime_type(path), kOctetStream) << path;
  }
  EXPECT_EQ(mime_type("/a." + std::string(10'000, 'x')), kOctetStream);
}

TEST(MimeType, F8_EveryEntryIsFoundAndWellFormed) {
  constexpr std::string_view kCharset = "; charset=utf-8";
  EXPECT_GE(std::size(kTypes), 1000U);
  for (const auto& [extension, type] : kTypes) {
    SCOPED_TRACE(extension);
    EXPECT_EQ(mime_type("/name." + std::string(extension)), type);
    for (char c : extension) EXPECT_FALSE(ascii::is_upper(c) || c == '.' || c == '/');
    const bool has_charset = type.ends_with(kCharset);
    const std::string_view bare = has_charset ? type.substr(0, type.size() - kCharset.size()) : type;
    const std::size_t slash = bare.find('/');
    ASSERT_NE(slash, std::string_view::npos);
    EXPECT_TRUE(ascii::is_token(bare.substr(0, slash)));
    EXPECT_TRUE(ascii::is_token(bare.substr(slash + 1)));
    const bool is_text = bare.starts_with("text/") || bare == "application/json" || bare == "application/javascript" ||
                         (bare == "image/svg+xml" && extension == "svg");
    EXPECT_EQ(has_charset, is_text);
  }
}

}  // namespace
}  // namespace flare::http
