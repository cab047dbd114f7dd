#include "flare/http/request_head.h"

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>

#include "flare/http/request_head_parser.h"
#include "support/guarded_input.h"

namespace flare::http {

std::ostream& operator<<(std::ostream& out, const Field& field) { return out << field.name << ": " << field.value; }
bool operator==(const Field& a, const Field& b) { return a.name == b.name && a.value == b.value; }

namespace {

using namespace std::string_literals;
using test::Guard;
using test::GuardedInput;
using Outcome = std::expected<std::size_t, Reason>;

std::string describe(const Outcome& outcome) {
  return outcome ? "took " + std::to_string(*outcome) : "refused: " + std::string(to_string(outcome.error()));
}

void expect_same(const RequestHead& a, const RequestHead& b) {
  EXPECT_EQ(a.method, b.method);
  EXPECT_EQ(a.form, b.form);
  EXPECT_EQ(a.framing, b.framing);
  EXPECT_EQ(a.minor_version, b.minor_version);
  EXPECT_EQ(a.keep_alive, b.keep_alive);
  EXPECT_EQ(a.expect_continue, b.expect_continue);
  EXPECT_EQ(a.secure_scheme, b.secure_scheme);
  EXPECT_EQ(a.content_length, b.content_length);
  EXPECT_EQ(a.method_token, b.method_token);
  EXPECT_EQ(a.target, b.target);
  EXPECT_EQ(a.authority, b.authority);
  EXPECT_EQ(a.path, b.path);
  EXPECT_EQ(a.query, b.query);
  EXPECT_EQ(a.has_query, b.has_query);
  EXPECT_EQ(a.fields, b.fields);
}

/// Parses every prefix, each one between unreadable pages, with every way of scanning: before the end of the head a
/// prefix is incomplete or refused like the whole, never taken. Then the outcome of the whole.
Outcome parse_every_prefix(const std::string& input, const Limits& limits, RequestHead& head) {
  const Outcome whole = parse_request_head(input, limits, head);
  RequestHead other;
  for (std::size_t size = 0; size <= input.size(); ++size) {
    const GuardedInput prefix(std::string_view(input).substr(0, size));
    const GuardedInput early_prefix(std::string_view(input).substr(0, size), Guard::kBefore);
    EXPECT_EQ(parse_request_head(early_prefix.view(), limits, other), parse_request_head(prefix.view(), limits, other));
    const Outcome outcome = parse_request_head(prefix.view(), limits, other);
    const bool same = outcome == whole;
    const bool incomplete = outcome == Outcome(0) && (!whole || size < *whole || *whole == 0);
    EXPECT_TRUE(same || incomplete) << size << " bytes of \"" << input << "\": " << describe(outcome) << ", the whole "
                                    << describe(whole);
    EXPECT_EQ(detail::parse_head<detail::ScalarScan>(prefix.view(), limits, other), outcome) << input << " at " << size;
  }
  EXPECT_EQ(detail::parse_head<detail::ScalarScan>(input, limits, other), whole);
  expect_same(head, other);
  return whole;
}

/// A head with the bytes its views look at.
struct Parsed : RequestHead {
  std::unique_ptr<std::string> input;
};

Parsed parsed(const std::string& input, const Limits& limits = {}) {
  Parsed result;
  result.input = std::make_unique<std::string>(input);
  const Outcome outcome = parse_every_prefix(*result.input, limits, result);
  EXPECT_EQ(outcome, Outcome(input.size())) << input << ": " << describe(outcome);
  return result;
}

Reason refused(const std::string& input, const Limits& limits = {}) {
  RequestHead head;
  const Outcome outcome = parse_every_prefix(input, limits, head);
  EXPECT_FALSE(outcome) << input << ": " << describe(outcome);
  return outcome ? Reason::kNone : outcome.error();
}

struct Refusal {
  Reason reason;
  std::string input;
};

/// A 1.1 request with Host and one more line.
std::string with_line(const std::string& line) {
  return "POST /a HTTP/1.1\r\nHost: example.com\r\n" + line + "\r\n\r\n";
}
std::string with_line_1_0(const std::string& line) { return "POST /a HTTP/1.0\r\n" + line + "\r\n\r\n"; }
std::string with_target(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: example.com\r\n\r\n";
}
std::string with_version(const std::string& version) { return "GET / " + version + "\r\nHost: example.com\r\n\r\n"; }
std::string with_host(const std::string& host) { return "GET / HTTP/1.1\r\nHost:" + host + "\r\n\r\n"; }

TEST(RequestHead, SplitsAMinimalRequest) {
  const std::string input = "GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";
  const Parsed head = parsed(input);
  EXPECT_EQ(head.method, Method::kGet);
  EXPECT_EQ(head.method_token, "GET");
  EXPECT_EQ(head.form, TargetForm::kOrigin);
  EXPECT_EQ(head.target, "/plaintext");
  EXPECT_EQ(head.path, "/plaintext");
  EXPECT_FALSE(head.has_query);
  EXPECT_EQ(head.minor_version, 1);
  EXPECT_EQ(head.authority, "127.0.0.1:8080");
  EXPECT_EQ(head.framing, Framing::kNone);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.expect_continue);
  EXPECT_FALSE(head.secure_scheme);
  ASSERT_EQ(head.fields.size(), 1U);
  EXPECT_EQ(head.fields[0], (Field{"Host", "127.0.0.1:8080"}));
}

TEST(RequestHead, StopsAtTheEndOfTheHeadAndLeavesTheRest) {
  const std::string first = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
  RequestHead head;
  EXPECT_EQ(parse_request_head(first + "abcGET / HTTP/1.1\r\n", {}, head), Outcome(first.size()));
  EXPECT_EQ(head.content_length, 3U);
}

TEST(RequestHead, IsReusedWithoutTracesOfTheRequestBefore) {
  RequestHead head;
  const std::string first =
      "POST https://example.com/a?b HTTP/1.0\r\nHost: example.com\r\nContent-Length: 3\r\nConnection: close\r\n\r\n";
  ASSERT_EQ(parse_request_head(first, {}, head), Outcome(first.size()));
  const std::size_t capacity = head.fields.capacity();
  const std::string second = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_EQ(parse_request_head(second, {}, head), Outcome(second.size()));
  expect_same(head, parsed(second));
  EXPECT_EQ(head.fields.capacity(), capacity);
}

TEST(RequestHead, SkipsOneEmptyLineBeforeTheRequestLine_H1) {
  EXPECT_EQ(parsed("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").target, "/");
  EXPECT_EQ(refused("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), Reason::kBadRequestLine);
}

TEST(RequestHead, RefusesBadRequestLines_H1_H2_H4) {
  const Refusal table[] = {
      {Reason::kBadRequestLine, " GET / HTTP/1.1\r\n\r\n"},
      {Reason::kBadRequestLine, "GET  / HTTP/1.1\r\n\r\n"},
      {Reason::kBadRequestLine, "POST  / HTTP/1.1\r\n\r\n"},
      {Reason::kBadRequestLine, "GET\r\n\r\n"},
      {Reason::kBadRequestLine, "GET \r\n\r\n"},
      {Reason::kBadRequestLine, "\r\n\r\n\r\n"},
      {Reason::kBadMethod, "\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03"s},
      {Reason::kBadMethod, "\x16\x03"s},
      {Reason::kBadMethod, "\0"s},
      {Reason::kBadMethod, "\tGET / HTTP/1.1\r\n\r\n"},
      {Reason::kBadMethod, "GET\t/ HTTP/1.1\r\n\r\n"},
      {Reason::kBadMethod, "G(T / HTTP/1.1\r\n\r\n"},
      {Reason::kBadMethod, "G\xC3\x89T / HTTP/1.1\r\n\r\n"},
      {Reason::kMethodTooLong, std::string(33, 'A') + " / HTTP/1.1\r\n\r\n"},
      {Reason::kMethodTooLong, std::string(200, 'A')},
      {Reason::kBadLineEnding, "\n"},
      {Reason::kBadLineEnding, "\nGET / HTTP/1.1\r\n\r\n"},
      {Reason::kBadLineEnding, "\r\n\nGET / HTTP/1.1\r\n\r\n"},
      {Reason::kBadLineEnding, "\rGET / HTTP/1.1\r\n\r\n"},
      {Reason::kBadLineEnding, "\r\n\rGET / HTTP/1.1\r\n\r\n"},
      {Reason::kBadLineEnding, "GET\n"},
      {Reason::kBadLineEnding, "GET\r/ HTTP/1.1\r\n\r\n"},
      {Reason::kBadLineEnding, "GET /\n"},
      {Reason::kBadLineEnding, "GET /\rHTTP/1.1\r\n\r\n"},
      {Reason::kBadLineEnding, "GET / HTTP/1.1\n"},
      {Reason::kBadLineEnding, "GET / HTTP/1.1\rHost: a\r\n\r\n"},
      {Reason::kBadLineEnding, "GET / HTTP/1.1\r\r\n\r\n"},
  };
  for (const auto& [reason, input] : table) EXPECT_EQ(to_string(refused(input)), to_string(reason)) << input;
}

TEST(RequestHead, TakesAnyTokenAsMethod_H4) {
  const std::string longest(32, 'M');
  for (const std::string& method : {"BREW"s, "get"s, "G"s, "!#$%&'*+-.^_`|~"s, longest}) {
    const Parsed head = parsed(method + " / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(head.method, Method::kOther);
    EXPECT_EQ(head.method_token, method);
  }
  for (const std::string& method : {"GET"s, "HEAD"s, "POST"s, "PUT"s, "DELETE"s, "OPTIONS"s, "PATCH"s}) {
    EXPECT_EQ(to_string(parsed(method + " / HTTP/1.1\r\nHost: a\r\n\r\n").method), method);
  }
}

TEST(RequestHead, ReadsTheVersion_H3) {
  EXPECT_EQ(parsed("GET / HTTP/1.0\r\n\r\n").minor_version, 0);
  for (const char* version : {"HTTP/1.1", "HTTP/1.2", "HTTP/1.9"})
    EXPECT_EQ(parsed(with_version(version)).minor_version, 1);
  const Refusal table[] = {
      {Reason::kBadVersion, "HTTP/0.9"},
      {Reason::kBadVersion, "http/1.1"},
      {Reason::kBadVersion, "HTTP/1"},
      {Reason::kBadVersion, "HTTP/1."},
      {Reason::kBadVersion, "HTTP/11.1"},
      {Reason::kBadVersion, "HTTP/1.10"},
      {Reason::kBadVersion, "HTTP/1.1 "},
      {Reason::kBadVersion, " HTTP/1.1"},
      {Reason::kBadVersion, "HTTP 1.1"},
      {Reason::kBadVersion, "HTTPS/1.1"},
      {Reason::kBadVersion, ""},
      {Reason::kBadVersion, "HTTP/2"},
      {Reason::kBadVersion, "HTTP/x.1"},
      {Reason::kBadVersion, "HTTP/1,1"},
      {Reason::kBadVersion, "HTTP/1.1\t"},
      {Reason::kVersionNotSupported, "HTTP/2.0"},
      {Reason::kVersionNotSupported, "HTTP/3.0"},
      {Reason::kVersionNotSupported, "HTTP/9.9"},
  };
  for (const auto& [reason, version] : table)
    EXPECT_EQ(to_string(refused(with_version(version))), to_string(reason)) << version;
  EXPECT_EQ(refused("GET /\r\n\r\n"), Reason::kBadVersion);
  EXPECT_EQ(refused("GET / HTTP/9.9\r\n"), Reason::kVersionNotSupported);
}

TEST(RequestHead, SplitsOriginFormAtTheFirstQuestionMark_H27) {
  struct {
    std::string target, path, query;
    bool has_query;
  } const table[] = {
      {"/", "/", "", false},
      {"/a?", "/a", "", true},
      {"/?a=b", "/", "a=b", true},
      {"/a?b?c=/d", "/a", "b?c=/d", true},
      {"//a//", "//a//", "", false},
      {"/%2F%zz\\^`{|}", "/%2F%zz\\^`{|}", "", false},
      {"/a-path-longer-than-sixteen-bytes?and=a&query=that+is+too", "/a-path-longer-than-sixteen-bytes",
       "and=a&query=that+is+too", true},
  };
  for (const auto& row : table) {
    const Parsed head = parsed(with_target(row.target));
    EXPECT_EQ(head.target, row.target);
    EXPECT_EQ(head.path, row.path);
    EXPECT_EQ(head.query, row.query);
    EXPECT_EQ(head.has_query, row.has_query);
  }
}

TEST(RequestHead, TakesAbsoluteFormAndItsAuthorityWins_H9) {
  struct {
    std::string target, authority, path, query;
    bool has_query, secure;
  } const table[] = {
      {"http://example.net/a?b", "example.net", "/a", "b", true, false},
      {"HTTP://example.net", "example.net", "/", "", false, false},
      {"https://example.net:8443/", "example.net:8443", "/", "", false, true},
      {"hTTps://[2001:db8::1]:80/x", "[2001:db8::1]:80", "/x", "", false, true},
      {"http://example.net?", "example.net", "/", "", true, false},
      {"http://example.net?/a@b", "example.net", "/", "/a@b", true, false},
  };
  for (const auto& row : table) {
    const Parsed head = parsed(with_target(row.target));
    EXPECT_EQ(head.form, TargetForm::kAbsolute);
    EXPECT_EQ(head.authority, row.authority);
    EXPECT_EQ(head.path, row.path);
    EXPECT_EQ(head.query, row.query);
    EXPECT_EQ(head.has_query, row.has_query);
    EXPECT_EQ(head.secure_scheme, row.secure);
  }
  EXPECT_EQ(refused("GET http://example.net/ HTTP/1.1\r\nHost: a b\r\n\r\n"), Reason::kBadHost);
  EXPECT_EQ(refused("GET http://example.net/ HTTP/1.1\r\n\r\n"), Reason::kMissingHost);
}

TEST(RequestHead, ShowsEvenAnEmptyPathWithinTheInput_H9) {
  const Parsed head = parsed(with_target("http://example.net?q"));
  EXPECT_EQ(head.path, "/");
  EXPECT_GE(head.path.data(), head.input->data());
  EXPECT_LT(head.path.data(), head.input->data() + head.input->size());
}

TEST(RequestHead, TakesAsteriskFormOnlyWithOptions_H10) {
  const Parsed head = parsed("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(head.form, TargetForm::kAsterisk);
  EXPECT_EQ(head.path, "*");
  EXPECT_EQ(refused(with_target("*")), Reason::kBadTarget);
  EXPECT_EQ(refused("OPTIONS *a HTTP/1.1\r\nHost: a\r\n\r\n"), Reason::kBadTarget);
}

TEST(RequestHead, RefusesOtherTargets_H9_H27) {
  for (const std::string& target : {
           "a"s,
           "example.com"s,
           "example.com:80"s,
           "?a"s,
           "/a#b"s,
           "/\"a"s,
           "/<a"s,
           "/a>"s,
           "/\x7F"s,
           "/\x01"s,
           "/\0"s,
           "/\t"s,
           "/\x80"s,
           "/caf\xC3\xA9"s,
           "ftp://example.com/"s,
           "http:/a"s,
           "http:///a"s,
           "http://?a"s,
           "https://"s,
           "http://user@example.com/"s,
           "http://user:pw@example.com/"s,
           "http://exa mple/"s,
           "http://a:b/"s,
           "http://[::1/"s,
           "http://a\\b/"s,
           "ws://example.com/"s,
           "httpx://example.com/"s,
           "://example.com/"s,
       }) {
    const Reason expected = target == "http://exa mple/" ? Reason::kBadVersion : Reason::kBadTarget;
    EXPECT_EQ(to_string(refused(with_target(target))), to_string(expected)) << target;
  }
}

TEST(RequestHead, RefusesConnectAndTrace_H5) {
  EXPECT_EQ(refused("CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n"), Reason::kConnectRefused);
  EXPECT_EQ(refused("CONNECT / HTTP/1.1\r\nHost: example.com\r\n\r\n"), Reason::kConnectRefused);
  EXPECT_EQ(refused("TRACE / HTTP/1.1\r\nHost: example.com\r\n\r\n"), Reason::kTraceRefused);
  EXPECT_EQ(parsed("connect / HTTP/1.1\r\nHost: a\r\n\r\n").method, Method::kOther);
}

TEST(RequestHead, TrimsValuesAndKeepsOpaqueBytes_H6) {
  struct {
    std::string line, value;
  } const table[] = {
      {"X:", ""},
      {"X: \t ", ""},
      {"X:a", "a"},
      {"X: \t a b\t c \t", "a b\t c"},
      {"X: caf\xC3\xA9 \xFF\x80", "caf\xC3\xA9 \xFF\x80"},
      {"X: " + std::string(70, 'v') + "\x80" + std::string(70, '\t') + "e",
       std::string(70, 'v') + "\x80" + std::string(70, '\t') + "e"},
      {"X: a:b, \"c\"", "a:b, \"c\""},
  };
  for (const auto& row : table) {
    const Parsed head = parsed(with_line(row.line));
    ASSERT_EQ(head.fields.size(), 2U);
    EXPECT_EQ(head.fields[1], (Field{"X", row.value}));
  }
  EXPECT_EQ(parsed(with_line("!#$%&'*+-.^_`|~09azAZ: x")).fields[1].name, "!#$%&'*+-.^_`|~09azAZ");
}

TEST(RequestHead, RefusesBadFieldLines_H2_H6) {
  const Refusal table[] = {
      {Reason::kBadHeaderName, "X : a"},
      {Reason::kBadHeaderName, "X\t: a"},
      {Reason::kBadHeaderName, ": a"},
      {Reason::kBadHeaderName, "X"},
      {Reason::kBadHeaderName, "X Y: a"},
      {Reason::kBadHeaderName, "X(: a"},
      {Reason::kBadHeaderName, "X\xC3\xA9: a"},
      {Reason::kBadHeaderName, "\x01: a"},
      {Reason::kBadHeaderName, "X\0: a"s},
      {Reason::kBadHeaderName, "\"X\": a"},
      {Reason::kBadHeaderName, "a-name-longer-than-sixteen-bytes@: a"},
      {Reason::kObsFold, " folded"},
      {Reason::kObsFold, "\tfolded"},
      {Reason::kObsFold, " X: a"},
      {Reason::kObsFold, "X: a\r\n b"},
      {Reason::kObsFold, "X: a\r\n\t"},
      {Reason::kBadHeaderValue, "X: a\0b"s},
      {Reason::kBadHeaderValue, "X: \x01"},
      {Reason::kBadHeaderValue, "X: a\x0B"},
      {Reason::kBadHeaderValue, "X: a\x0C"},
      {Reason::kBadHeaderValue, "X: a\x1F"},
      {Reason::kBadHeaderValue, "X: a\x7F"},
      {Reason::kBadHeaderValue, "X:" + std::string(40, ' ') + "\x7F"},
      {Reason::kBadLineEnding, "X: a\nY: b"},
      {Reason::kBadLineEnding, "X: a\rY: b"},
      {Reason::kBadLineEnding, "X: a\r\r\nY: b"},
      {Reason::kBadLineEnding, "X\n: b"},
      {Reason::kBadLineEnding, "X\r: b"},
      {Reason::kBadLineEnding, "X:\n"},
      {Reason::kBadLineEnding, "\nX: b"},
      {Reason::kBadLineEnding, "\rX: b"},
      {Reason::kBadLineEnding, "X: b\r\n\n"},
  };
  for (const auto& [reason, line] : table) EXPECT_EQ(to_string(refused(with_line(line))), to_string(reason)) << line;
}

TEST(RequestHead, NeverTakesAControlByteInAValueWhereverItStands_H6) {
  for (int c = 0; c < 256; ++c) {
    const char byte = static_cast<char>(c);
    const bool allowed = byte == '\t' || !ascii::is_control(byte);
    for (const std::size_t before : {0UL, 1UL, 14UL, 15UL, 16UL, 17UL, 33UL}) {
      const std::string input = with_line("X: a" + std::string(before, 'b') + byte + "c");
      RequestHead head;
      EXPECT_EQ(parse_request_head(input, {}, head).has_value(), allowed) << c << " after " << before;
    }
  }
}

TEST(RequestHead, EnforcesTheUriLimitOnIncompleteInputToo_H7) {
  const Limits limits{.uri_bytes = 20};
  EXPECT_EQ(parsed(with_target("/" + std::string(19, 'a')), limits).target.size(), 20U);
  EXPECT_EQ(refused(with_target("/" + std::string(20, 'a')), limits), Reason::kUriBytes);
  EXPECT_EQ(refused("GET /" + std::string(20, 'a'), limits), Reason::kUriBytes);
  EXPECT_EQ(refused("GET /" + std::string(20, 'a') + "\x01", limits), Reason::kUriBytes);
}

TEST(RequestHead, EnforcesTheHeaderLimitsOnIncompleteInputToo_H7) {
  const std::string input = with_line("X: " + std::string(100, 'v'));
  const auto size = static_cast<std::uint32_t>(input.size());
  parsed(input, {.header_bytes = size});
  EXPECT_EQ(refused(input, {.header_bytes = size - 1}), Reason::kHeaderBytes);
  EXPECT_EQ(refused(input.substr(0, 60), {.header_bytes = 59}), Reason::kHeaderBytes);
  EXPECT_EQ(refused(input.substr(0, 40) + "\n", {.header_bytes = 40}), Reason::kHeaderBytes);
  EXPECT_EQ(refused(input, {.header_bytes = 7}), Reason::kHeaderBytes);

  const std::string three = "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\n";
  EXPECT_EQ(parsed(three + "\r\n", {.header_count = 3}).fields.size(), 3U);
  EXPECT_EQ(refused(three + "\r\n", {.header_count = 2}), Reason::kHeaderCount);
  EXPECT_EQ(refused(three, {.header_count = 2}), Reason::kHeaderCount);
}

TEST(RequestHead, DemandsOneValidHost_H8) {
  for (const std::string& host : {"example.com"s, " example.com:80 "s, "[::1]:8080"s, "a"s}) {
    EXPECT_EQ(parsed(with_host(host)).authority, ascii::trim(host));
  }
  const Refusal table[] = {
      {Reason::kMissingHost, "GET / HTTP/1.1\r\n\r\n"},
      {Reason::kMissingHost, "GET / HTTP/1.1\r\nHosts: a\r\nXHost: b\r\n\r\n"},
      {Reason::kDuplicateHost, with_line("Host: example.com")},
      {Reason::kDuplicateHost, with_line("hOST: other")},
      {Reason::kDuplicateHost, with_line_1_0("Host: a\r\nHost: a")},
      {Reason::kBadHost, with_line_1_0("Host:\r\nHost: a")},
      {Reason::kBadHost, with_line_1_0("Host:")},
      {Reason::kBadHost, with_host("")},
      {Reason::kBadHost, with_host("  ")},
      {Reason::kBadHost, with_host(" a b")},
      {Reason::kBadHost, with_host(" user@example.com")},
      {Reason::kBadHost, with_host(" example.com/")},
      {Reason::kBadHost, with_host(" example.com:8o")},
      {Reason::kBadHost, with_host(" a, b")},
      {Reason::kBadHost, with_host(" [::1")},
      {Reason::kBadHost, with_host(" caf\xC3\xA9")},
      {Reason::kBadHost, with_line_1_0("Host: a b")},
  };
  for (const auto& [reason, input] : table) EXPECT_EQ(to_string(refused(input)), to_string(reason)) << input;
  EXPECT_EQ(parsed("GET / HTTP/1.0\r\n\r\n").authority, "");
  EXPECT_EQ(parsed(with_line_1_0("Host: example.com")).authority, "example.com");
}

TEST(RequestHead, ReadsContentLength_H11) {
  struct {
    std::string value;
    std::uint64_t length;
  } const table[] = {{"0", 0},
                     {"5", 5},
                     {"00000000000000000000000000012", 12},
                     {"9223372036854775807", 9223372036854775807U},
                     {" 7 ", 7}};
  for (const auto& [value, length] : table) {
    const Parsed head = parsed(with_line("Content-Length:" + value));
    EXPECT_EQ(head.framing, Framing::kLength);
    EXPECT_EQ(head.content_length, length);
  }
  EXPECT_EQ(parsed(with_line_1_0("content-LENGTH: 4")).content_length, 4U);
  for (const char* value : {"", "+5", "-5", "5,5", "5, 5", "0x5", "5 5", "five", "5.0", "9223372036854775808",
                            "18446744073709551616", "99999999999999999999999999999"}) {
    EXPECT_EQ(refused(with_line("Content-Length: "s + value)), Reason::kBadContentLength) << value;
  }
  for (const char* second : {"5", "6", "x", ""}) {
    EXPECT_EQ(refused(with_line("Content-Length: 5\r\nContent-Length: "s + second)), Reason::kDuplicateContentLength);
  }
}

TEST(RequestHead, TakesOnlyChunked_H12) {
  for (const char* value : {"chunked", "Chunked", " CHUNKED\t"}) {
    const Parsed head = parsed(with_line("Transfer-Encoding:"s + value));
    EXPECT_EQ(head.framing, Framing::kChunked);
    EXPECT_EQ(head.content_length, 0U);
  }
  const Refusal table[] = {
      {Reason::kBadTransferEncoding, ""},
      {Reason::kBadTransferEncoding, "chunked, chunked"},
      {Reason::kBadTransferEncoding, "chunked,"},
      {Reason::kBadTransferEncoding, ",chunked"},
      {Reason::kBadTransferEncoding, "chunked;q=1"},
      {Reason::kBadTransferEncoding, "\"chunked\""},
      {Reason::kBadTransferEncoding, "chun ked"},
      {Reason::kBadTransferEncoding, "chunked\r\nTransfer-Encoding: chunked"},
      {Reason::kBadTransferEncoding, "chunked\r\nTransfer-Encoding: identity"},
      {Reason::kBadTransferEncoding, "chunked, gzip, chunked"},
      {Reason::kBadTransferEncoding, "chunked\x80"},
      {Reason::kUnknownTransferCoding, "gzip, chunked"},
      {Reason::kUnknownTransferCoding, "gzip"},
      {Reason::kUnknownTransferCoding, "identity"},
      {Reason::kUnknownTransferCoding, "xchunked"},
      {Reason::kBadTransferEncoding, "chunked , gzip"},
      {Reason::kLengthAndCoding, "chunked\r\nContent-Length: 5"},
      {Reason::kLengthAndCoding, "chunked\r\nContent-Length: x"},
  };
  for (const auto& [reason, value] : table) {
    EXPECT_EQ(to_string(refused(with_line("Transfer-Encoding: " + value))), to_string(reason)) << value;
  }
  EXPECT_EQ(refused(with_line("Content-Length: 5\r\nTransfer-Encoding: chunked")), Reason::kLengthAndCoding);
  EXPECT_EQ(refused(with_line("Content-Length: 5\r\nTransfer-Encoding: gzip")), Reason::kLengthAndCoding);
  EXPECT_EQ(refused(with_line_1_0("Transfer-Encoding: chunked")), Reason::kBadTransferEncoding);
  EXPECT_EQ(refused(with_line_1_0("Transfer-Encoding: gzip")), Reason::kBadTransferEncoding);
}

TEST(RequestHead, KnowsTheExpectation_H15) {
  EXPECT_TRUE(parsed(with_line("Expect: 100-continue")).expect_continue);
  EXPECT_TRUE(parsed(with_line("eXPECT: 100-Continue")).expect_continue);
  EXPECT_FALSE(parsed(with_line_1_0("Expect: 100-continue")).expect_continue);
  EXPECT_FALSE(parsed(with_line_1_0("Expect: miracles")).expect_continue);
  EXPECT_TRUE(parsed(with_line("Expect: 100-continue\t,, 100-Continue")).expect_continue);
  EXPECT_FALSE(parsed(with_line("Expect: ,")).expect_continue);
  for (const char* value : {"100", "101-continue", "100-continue, x", "x, 100-continue", "100-continue;a=b"}) {
    EXPECT_EQ(refused(with_line("Expect: "s + value)), Reason::kExpectationFailed) << value;
  }
}

TEST(RequestHead, DecidesPersistence_H17) {
  struct {
    std::string lines;
    bool in_1_1, in_1_0;
  } const table[] = {
      {"X: a", true, false},
      {"Connection: close", false, false},
      {"Connection: keep-alive", true, true},
      {"connection: Keep-Alive", true, true},
      {"Connection: upgrade, KEEP-ALIVE", true, true},
      {"Connection: upgrade ,, Close\t", false, false},
      {"Connection: close, keep-alive", false, false},
      {"Connection: keep-alive\r\nConnection: close", false, false},
      {"Connection: close\r\nConnection: keep-alive", false, false},
      {"Connection: closed, notclose, keep alive", true, false},
      {"Connection:", true, false},
      {"Proxy-Connection: keep-alive", true, false},
  };
  for (const auto& row : table) {
    EXPECT_EQ(parsed(with_line(row.lines)).keep_alive, row.in_1_1) << row.lines;
    EXPECT_EQ(parsed(with_line_1_0(row.lines)).keep_alive, row.in_1_0) << row.lines;
  }
}

TEST(RequestHead, ShowsWhatWasReadBeforeARefusal) {
  RequestHead head;
  ASSERT_FALSE(parse_request_head("CONNECT example.com:443 HTTP/1.1\r\n", {}, head));
  EXPECT_EQ(head.method_token, "CONNECT");
  EXPECT_EQ(head.method, Method::kConnect);
  EXPECT_EQ(head.target, "example.com:443");
  ASSERT_FALSE(parse_request_head("PUT /a?b HTTP/1.1\r\nX : a\r\n\r\n", {}, head));
  EXPECT_EQ(head.method_token, "PUT");
  EXPECT_EQ(head.target, "/a?b");
  ASSERT_FALSE(parse_request_head("BREW /a HTTP/7.0\r\n\r\n", {}, head));
  EXPECT_EQ(head.method_token, "BREW");
  EXPECT_EQ(head.target, "/a");
}

TEST(RequestHead, ParsesABrowsersRequest) {
  const Parsed head = parsed(
      "GET /docs/?page=2 HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
      "Accept: text/html,*/*;q=0.8\r\nAccept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\n"
      "Connection: keep-alive\r\nCookie: a=b; c=d\r\nDNT: 1\r\n\r\n");
  EXPECT_EQ(head.fields.size(), 8U);
  EXPECT_EQ(Fields(head.fields).get("cookie"), "a=b; c=d");
  EXPECT_EQ(Fields(head.fields).get("dnt"), "1");
  EXPECT_EQ(head.query, "page=2");
}

}  // namespace
}  // namespace flare::http
