#include "flare/handlers/static_files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "flare/handlers/file_entry.h"
#include "flare/http/date.h"
#include "flare/http/router.h"
#include "support/parsed_request.h"
#include "support/temp_folder.h"

namespace flare::handlers {
namespace {

namespace fs = std::filesystem;
using http::Response;
using http::Router;
using http::Status;
using test::ParsedRequest;

/// A file of that many bytes that takes no room.
void make_sparse(const fs::path& path, std::uint64_t size) {
  const net::UniqueFd file(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
  ASSERT_EQ(::ftruncate(file.get(), static_cast<off_t>(size)), 0);
}

void set_mtime(const fs::path& path, std::time_t when) {
  const timespec times[2] = {{.tv_sec = when, .tv_nsec = 0}, {.tv_sec = when, .tv_nsec = 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
}

/// The body's bytes, wherever they are.
std::string content(const Response& response) {
  const http::FileRange* range = response.body.file();
  if (range == nullptr) return std::string(response.body.bytes());
  std::string bytes(range->length, '\0');
  const ssize_t count = ::pread(range->file.get(), bytes.data(), bytes.size(), static_cast<off_t>(range->offset));
  EXPECT_EQ(count, static_cast<ssize_t>(bytes.size()));
  return bytes;
}

class StaticFilesTest : public testing::Test {
 protected:
  StaticFilesTest() {
    folder_.write("outside.txt", "outside");
    folder_.write("root/index.html", "home");
    folder_.write("root/a.txt", "0123456789");
    set_mtime(folder_ / "root/a.txt", 784111777);
    router_.any("/**", StaticFiles(root_));
  }

  Response request(std::string_view method, std::string_view target, std::string_view fields = {}) {
    ParsedRequest parsed(method, target, fields);
    return test::answer(router_, parsed);
  }
  Response get(std::string_view target, std::string_view fields = {}) { return request("GET", target, fields); }

  static void expect_refused(const Response& response, Status status, Reason why) {
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(to_string(response.why), to_string(why));
    EXPECT_EQ(response.headers.get("Cache-Control"), "no-store");
  }

  test::TempFolder folder_;
  std::string root_ = (folder_ / "root").string();
  Router router_;
};

TEST_F(StaticFilesTest, AnswersWithTheFileAndItsValidators) {
  const Response response = get("/a.txt?v=1");
  EXPECT_EQ(response.status, Status::kOk);
  EXPECT_EQ(content(response), "0123456789");
  EXPECT_EQ(response.headers.get("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(response.headers.get("Last-Modified"), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(response.headers.get("Accept-Ranges"), "bytes");  // F-17
  EXPECT_FALSE(response.headers.contains("X-Content-Type-Options"));
  EXPECT_THAT(std::string(response.headers.get("ETag").value_or("")), testing::StartsWith("\""));  // F-9: strong
}

TEST_F(StaticFilesTest, AnUnknownTypeIsNotSniffed) {
  folder_.write("root/blob.zzz9", "<html>");
  const Response response = get("/blob.zzz9");
  EXPECT_EQ(response.headers.get("Content-Type"), "application/octet-stream");  // F-8
  EXPECT_EQ(response.headers.get("X-Content-Type-Options"), "nosniff");
}

TEST_F(StaticFilesTest, HeadHasTheFieldsAndTheLengthOfGet) {
  const std::string_view range = "Range: bytes=0-1\r\n";
  EXPECT_EQ(get("/a.txt", range).status, Status::kPartialContent);
  const Response head = request("HEAD", "/a.txt", range);
  EXPECT_EQ(head.status, Status::kOk);  // F-13: only GET has ranges
  EXPECT_EQ(head.body.size(), 10U);     // H-28
  EXPECT_EQ(head.headers.encoded(), get("/a.txt").headers.encoded());
}

TEST_F(StaticFilesTest, OtherMethodsAreRefused) {
  for (const char* method : {"POST", "PUT", "DELETE", "PURGE"}) {
    const Response response = request(method, "/a.txt");
    expect_refused(response, Status::kMethodNotAllowed, Reason::kMethodNotAllowed);  // F-1
    EXPECT_EQ(response.headers.get("Allow"), "GET, HEAD, OPTIONS");
  }
  const Response options = request("OPTIONS", "/a.txt");
  EXPECT_EQ(options.status, Status::kNoContent);
  EXPECT_EQ(options.headers.get("Allow"), "GET, HEAD, OPTIONS");
}

TEST_F(StaticFilesTest, NamesWithSpacesUtf8AndPercentRoundTrip) {
  for (const auto& [name, target] : {std::pair{"a b.txt", "/a%20b.txt"},
                                     {"caf\xC3\xA9.txt", "/caf%c3%A9.txt"},
                                     {"100%.txt", "/100%25.txt"},
                                     {"%2F.txt", "/%252F.txt"},
                                     {"a+b&c=d;e.txt", "/a+b&c=d;e.txt"},
                                     {"\"q\".txt", "/%22q%22.txt"}}) {
    folder_.write("root/" + std::string(name), name);  // F-21
    EXPECT_EQ(content(get(target)), name) << target;
  }
}

TEST_F(StaticFilesTest, EncodedSeparatorsNameNothing) {
  folder_.write("root/dir/b.txt", "b");
  for (const char* target :
       {"/dir%2Fb.txt", "/dir%2fb.txt", "/dir%5Cb.txt", "/%2f", "/..%2foutside.txt", "/dir\\b.txt"}) {
    expect_refused(get(target), Status::kNotFound, Reason::kEncodedSlash);  // H-26
  }
}

TEST_F(StaticFilesTest, DotFilesAreHidden) {
  for (const char* name : {".env", ".git/config", "dir/.htaccess", ".well-known/.secret", "dir/.well-known/x"}) {
    folder_.write("root/" + std::string(name), "secret");
  }
  for (const char* target : {"/.env", "/.git/config", "/.git/", "/dir/.htaccess", "/%2eenv", "/.well-known/.secret",
                             "/dir/.well-known/x", "/.missing"}) {
    expect_refused(get(target), Status::kNotFound, Reason::kHiddenFile);  // F-4
  }
  folder_.write("root/.well-known/security.txt", "contact");
  EXPECT_EQ(content(get("/.well-known/security.txt")), "contact");  // RFC 8615
}

TEST_F(StaticFilesTest, SymbolicLinksLeadNowhere) {
  fs::create_symlink(folder_ / "outside.txt", folder_ / "root/link.txt");
  fs::create_symlink("a.txt", folder_ / "root/inside.txt");
  fs::create_directory_symlink("..", folder_ / "root/up");
  for (const char* target : {"/link.txt", "/inside.txt", "/up/outside.txt", "/up/"}) {
    expect_refused(get(target), Status::kNotFound, Reason::kOutsideRoot);  // F-2, F-3
  }
}

TEST_F(StaticFilesTest, OnlyRegularFilesAreFiles) {
  ASSERT_EQ(::mkfifo((folder_ / "root/fifo").c_str(), 0600), 0);
  expect_refused(get("/fifo"), Status::kNotFound, Reason::kNotRegularFile);  // F-5
  for (const std::string& target :
       {std::string("/missing"), std::string("/a.txt/"), std::string("/a.txt/b"), "/" + std::string(300, 'x')}) {
    expect_refused(get(target), Status::kNotFound, Reason::kFileMissing);  // F-7
  }
}

TEST_F(StaticFilesTest, FoldersAnswerWithTheirIndex) {
  EXPECT_EQ(content(get("/")), "home");
  EXPECT_EQ(get("/").headers.get("Content-Type"), "text/html; charset=utf-8");
  folder_.write("root/dir/b.txt", "b");
  expect_refused(get("/dir/"), Status::kNotFound, Reason::kFileMissing);
  folder_.write("root/dir/index.html", "dir");
  EXPECT_EQ(content(get("/dir/")), "dir");

  Router router;
  router.any("/**", StaticFiles(root_, {.index = {"index.htm", "b.txt", "index.html"}}));
  ParsedRequest first("GET", "/dir/");
  EXPECT_EQ(content(test::answer(router, first)), "b");
}

TEST_F(StaticFilesTest, AFolderWithoutSlashIsRedirected) {
  fs::create_directories(folder_ / "root/dir/a b");
  struct Case {
    std::string_view target, location;
  };
  for (const auto& [target, location] :
       {Case{"/dir", "/dir/"}, Case{"/dir?a=b&c", "/dir/?a=b&c"}, Case{"/dir?", "/dir/?"}, Case{"//dir", "/dir/"},
        Case{"/dir/a%20b", "/dir/a%20b/"}, Case{"/dir?'x", "/dir/?%27x"}}) {
    const Response response = get(target);
    EXPECT_EQ(response.status, Status::kPermanentRedirect) << target;  // F-6
    EXPECT_EQ(response.headers.get("Location"), location) << target;
  }
}

TEST_F(StaticFilesTest, TheTailIsWhatIsBelowTheRoot) {
  Router router;
  router.any("/docs/**", StaticFiles(root_));
  ParsedRequest file("GET", "/docs/a.txt");
  EXPECT_EQ(content(test::answer(router, file)), "0123456789");
  ParsedRequest root("GET", "/docs/");
  EXPECT_EQ(content(test::answer(router, root)), "home");
  ParsedRequest bare("GET", "/docs");
  EXPECT_EQ(test::answer(router, bare).headers.get("Location"), "/docs/");
}

TEST_F(StaticFilesTest, OneFileAnswersWhateverThePath) {
  const http::Handler file = StaticFiles(root_, {.file = "a.txt"});
  const http::Handler folder = StaticFiles(folder_.path(), {.file = "root"});
  const http::Handler gone = StaticFiles(root_, {.file = "gone.txt"});
  ParsedRequest request("GET", "/robots");
  EXPECT_EQ(content(test::answer(file, request)), "0123456789");  // M10
  expect_refused(test::answer(folder, request), Status::kNotFound, Reason::kNotRegularFile);
  expect_refused(test::answer(gone, request), Status::kNotFound, Reason::kFileMissing);
}

TEST_F(StaticFilesTest, SmallFilesAreReadLargeOnesAreSent) {
  folder_.write("root/empty", "");
  folder_.write("root/small", std::string(kInlineBytes, 's'));
  folder_.write("root/large", std::string(kInlineBytes + 1, 'l'));
  const Response empty = get("/empty");
  EXPECT_EQ(empty.status, Status::kOk);
  EXPECT_EQ(empty.body.size(), 0U);  // F-21
  EXPECT_EQ(empty.body.file(), nullptr);
  EXPECT_EQ(get("/small").body.bytes(), std::string(kInlineBytes, 's'));
  const Response large = get("/large");
  ASSERT_NE(large.body.file(), nullptr);
  EXPECT_EQ(content(large), std::string(kInlineBytes + 1, 'l'));
}

TEST_F(StaticFilesTest, OffsetsHave64Bits) {
  constexpr std::uint64_t kSize = 5'368'709'123;
  make_sparse(folder_ / "root/huge.bin", kSize);
  EXPECT_EQ(get("/huge.bin").body.size(), kSize);
  const Response end = get("/huge.bin", "Range: bytes=5368709120-\r\n");
  EXPECT_EQ(end.status, Status::kPartialContent);
  EXPECT_EQ(end.headers.get("Content-Range"), "bytes 5368709120-5368709122/5368709123");
  EXPECT_EQ(content(end), std::string(3, '\0'));
  const Response most = get("/huge.bin", "Range: bytes=3-\r\n");
  ASSERT_NE(most.body.file(), nullptr);
  EXPECT_EQ(most.body.file()->offset, 3U);
  EXPECT_EQ(most.body.file()->length, kSize - 3);
}

TEST_F(StaticFilesTest, RangesAndPreconditions) {
  const std::string etag(get("/a.txt").headers.get("ETag").value_or(""));
  struct Case {
    std::string fields;
    Status status;
    std::string_view body;
    std::string_view range;
  };
  const Case kCases[] = {
      {"Range: bytes=2-4\r\n", Status::kPartialContent, "234", "bytes 2-4/10"},
      {"Range: bytes=-3\r\n", Status::kPartialContent, "789", "bytes 7-9/10"},
      {"Range: bytes=8-99\r\n", Status::kPartialContent, "89", "bytes 8-9/10"},
      {"Range: bytes=10-\r\n", Status::kRangeNotSatisfiable, "", "bytes */10"},
      {"Range: lines=1-2\r\n", Status::kOk, "0123456789", ""},
      {"Range: bytes=0-0\r\nIf-Range: " + etag + "\r\n", Status::kPartialContent, "0", "bytes 0-0/10"},
      {"Range: bytes=0-0\r\nIf-Range: \"other\"\r\n", Status::kOk, "0123456789", ""},
      {"If-None-Match: " + etag + "\r\n", Status::kNotModified, "", ""},
      {"If-None-Match: \"other\"\r\n", Status::kOk, "0123456789", ""},
      {"If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", Status::kNotModified, "", ""},
      {"If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", Status::kOk, "0123456789", ""},
      {"If-Match: \"other\"\r\n", Status::kPreconditionFailed, "", ""},
  };
  for (const auto& [fields, status, body, range] : kCases) {
    const Response response = get("/a.txt", fields);
    EXPECT_EQ(response.status, status) << fields;
    EXPECT_EQ(content(response), body) << fields;
    EXPECT_EQ(response.headers.get("Content-Range").value_or(""), range) << fields;
    if (status == Status::kNotModified) EXPECT_EQ(response.headers.get("ETag"), etag);  // F-11
  }
}

TEST_F(StaticFilesTest, LastModifiedIsNeverInTheFuture) {
  set_mtime(folder_ / "root/a.txt", std::time(nullptr) + 100'000);
  const Response response = get("/a.txt");
  const auto date = http::parse_http_date(response.headers.get("Last-Modified").value_or(""));
  ASSERT_TRUE(date);
  EXPECT_LE(*date, std::time(nullptr));  // F-9
}

TEST_F(StaticFilesTest, WithoutDescriptorsItAnswers503) {
  ParsedRequest first("GET", "/a.txt");
  ASSERT_TRUE(test::answer(router_, first).ok());  // UBSan needs descriptors when it first sees a type
  ParsedRequest parsed("GET", "/a.txt");
  auto& router = router_;
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const Response response = test::answer(router, parsed);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  expect_refused(response, Status::kServiceUnavailable, Reason::kResourceExhausted);  // F-7
  EXPECT_EQ(response.headers.get("Retry-After"), "1");
}

TEST_F(StaticFilesTest, AFileThatMayNotBeReadIsForbidden) {
  fs::permissions(folder_ / "root/a.txt", fs::perms::none);
  fs::permissions(folder_.path(), fs::perms::owner_all | fs::perms::others_exec);
  constexpr uid_t kNobody = 65534;
  const bool privileged = ::geteuid() == 0;  // root may read everything
  if (privileged) ASSERT_EQ(::seteuid(kNobody), 0);
  const Response response = get("/a.txt");
  if (privileged) ASSERT_EQ(::seteuid(0), 0);
  expect_refused(response, Status::kForbidden, Reason::kFileDenied);  // F-7
}

TEST_F(StaticFilesTest, APatternThatIsNoneThrows) {
  EXPECT_THROW(StaticFiles(root_, {.cache_control = {{.match = "[", .value = "no-cache"}}}), StaticRootError);
}

TEST_F(StaticFilesTest, WithoutAWorkerNothingIsRemembered) {
  EXPECT_EQ(content(get("/a.txt")), "0123456789");
  folder_.write("root/a.txt", "changed");
  EXPECT_EQ(content(get("/a.txt")), "changed");
}

TEST_F(StaticFilesTest, AResponseOutlivesItsHandler) {
  Response response;
  {
    const StaticFiles files(root_);
    Router router;
    router.any("/**", files);
    ParsedRequest parsed("GET", "/a.txt");
    response = test::answer(router, parsed);
  }
  EXPECT_EQ(content(response), "0123456789");
}

TEST_F(StaticFilesTest, ARootThatIsNoFolderThrows) {
  EXPECT_THROW(StaticFiles((folder_ / "root/a.txt").string()), StaticRootError);
  try {
    const StaticFiles files((folder_ / "missing").string());
    FAIL() << "no exception";
  } catch (const StaticRootError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("missing"));
  }
}

TEST_F(StaticFilesTest, DoesNotWaitForContent) {
  const http::Handler handler = StaticFiles(root_, {.file = "a.txt"});
  ParsedRequest post("POST", "/", "Content-Length: 3\r\n");
  EXPECT_EQ(test::answer(handler, post).status, Status::kMethodNotAllowed);
}

}  // namespace
}  // namespace flare::handlers
