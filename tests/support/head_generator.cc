#include "tests/support/head_generator.h"

#include <algorithm>

namespace flare::test {
namespace {

using namespace std::string_view_literals;

std::string_view one_of(const Choose& choose, std::span<const std::string_view> list) {
  return list[choose(list.size())];
}

/// Rarely: about one time in 32. A choice of 0, which exhausted bytes give, is never the rare one.
bool rarely(const Choose& choose) { return choose(32) == 31; }

constexpr std::string_view kMethods[] = {
    "GET",
    "POST",
    "HEAD",
    "PUT",
    "DELETE",
    "OPTIONS",
    "PATCH",
    "TRACE",
    "PURGE",
    "get",
    "CONNECT",
    "!#$%&'*+-.^_`|~",
    "M2345678901234567890123456789012",
    "",
    "G@T",
    "GE",
    "OPTIONSS",
    "M23456789012345678901234567890123",
};
constexpr std::string_view kPaths[] = {
    "/", "/a", "/plaintext", "/a/b/c", "/%41/%2F%zz", "//", "/a/../b", "/{}|\\^`", "/0123456789abcdef0123456789", "",
};
constexpr std::string_view kQueries[] = {"", "", "?", "?a=b&c", "??a?", "?a/b"};
constexpr std::string_view kSchemes[] = {"http://", "https://", "HTTP://", "hTTps://", "ws://", "http:/", "://", ""};
constexpr std::string_view kAuthorities[] = {
    "example.com",
    "example.com:8080",
    "127.0.0.1:8080",
    "a",
    "a:",
    "a:0080",
    "a:00000000000000065535",
    "a:65535",
    "a:65536",
    "a:60000",
    "a:59999",
    "a:99999",
    "a:8o",
    "A.Example.COM.",
    "-a",
    ".a",
    "a_b~c!$&'()*+,;=",
    "%41%zz",
    "%4",
    "%41",
    "[::1]",
    "[::1]:8080",
    "[::]",
    "[1:2:3:4:5:6:7:8]",
    "[1:2:3:4:5:6:7::]",
    "[::2:3:4:5:6:7:8]",
    "[1:2:3:4::5:6:7:8]",
    "[1::2::3]",
    "[::ffff:192.0.2.1]:1",
    "[::192.0.2.256]",
    "[::01.2.3.4]",
    "[1:2:3:4:5:6:1.2.3.4]",
    "[12345::]",
    "[v1.a]",
    "[1.2.3.4]",
    "[::1",
    "[::1]a",
    "[::1%eth0]",
    "[]",
    "",
    ":",
    ":80",
    "u@a",
    "a b",
    "a\\b",
    "caf\xC3\xA9",
    "0123456789abcdef0123456789abcdef.example.com",
};
constexpr std::string_view kVersions[] = {
    "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0",  "HTTP/1.0", "HTTP/1.2", "HTTP/1.9", "HTTP/0.9",
    "HTTP/2.0", "HTTP/9.9", "http/1.1", "HTTP/1.10", "HTTP/1",   "HTTP/1,1", "HTTP/11",  "",
};
constexpr std::string_view kLengths[] = {
    "0",
    "5",
    "0005",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551621",
    "000009223372036854775807",
    "+5",
    "5,5",
    "5, 5",
    "",
    "0x5",
    "-1",
    "5 5",
};
constexpr std::string_view kCodings[] = {
    "chunked",
    "chunked",
    "Chunked",
    "CHUNKED",
    "gzip",
    "gzip, chunked",
    "chunked, gzip",
    "chunked, chunked",
    "chunked, gzip, chunked",
    "identity",
    "",
    "chunked,",
    ", chunked",
    "\"chunked\"",
    "chunked;a=b",
    "gzip;q=1",
    "chun ked",
    "xchunked",
    "chunked\x80",
    "gzip,,chunked",
};
constexpr std::string_view kConnections[] = {
    "close",
    "keep-alive",
    "Keep-Alive",
    "CLOSE",
    "upgrade, close",
    ",,keep-alive ,",
    "close, keep-alive",
    "closed",
    "keep alive",
    "",
    "keep-alive\t,\tx",
};
constexpr std::string_view kExpectations[] = {
    "100-continue", "100-Continue",    "100-continue, 100-continue", ",100-continue,", "", ",", "100-continue;a=b",
    "200-ok",       "100-continue, b", "\"100-continue\"",
};
constexpr std::string_view kNames[] = {
    "Accept",
    "User-Agent",
    "X",
    "!#$%&'*+-.^_`|~09azAZ",
    "Cookie",
    "Hosts",
    "Hose",
    "Expext",
    "Connectioo",
    "Content-Lengtg",
    "Transfer-Encodinf",
    "X-0123456789-0123456789-0123456789",
    "h\x4fSs",
};
constexpr std::string_view kBadNames[] = {"",   " X",    "\tX",   "X ",        "X\t", "X Y",
                                          "X(", "X\x01", "\"X\"", "X\xC3\xA9", "@"};
constexpr std::string_view kValues[] = {
    "",
    "a",
    "text/html,*/*;q=0.8",
    "a\tb c",
    "caf\xC3\xA9 \xFF\x80",
    "\"a, b\"",
    "a:b: c",
    "0123456789012345678901234567890123456789012345678901234567890123456789",
};
constexpr std::string_view kBadValues[] = {"\x01", "a\x7F", "\0"sv, "a\0b"sv, "a\rb", "a\nb", "0123456789abcdef\x1F",
                                           "\x0B"};
constexpr std::string_view kBlanks[] = {" ", " ", " ", "", "\t", "  ", " \t \t ", "                    "};
constexpr std::string_view kLineEnds[] = {"\r\n", "\n", "\r", "\r\r\n", "\n\r", "\r\n ", "\r\n\t", "", "\r\n\r\n"};
constexpr std::string_view kSpaces[] = {" ", "  ", "\t", "", " \r\n", "\x0B"};

std::string_view line_end(const Choose& choose) { return rarely(choose) ? one_of(choose, kLineEnds) : "\r\n"; }

std::string_view space(const Choose& choose) { return rarely(choose) ? one_of(choose, kSpaces) : " "; }

/// One of `list`, the first half of the time.
std::string_view mostly_first(const Choose& choose, std::span<const std::string_view> list) {
  return choose(2) == 0 ? list[0] : one_of(choose, list);
}

/// Letters of either case.
std::string any_case(const Choose& choose, std::string_view text) {
  std::string result(text);
  if (choose(4) != 3) return result;
  for (char& c : result) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter && choose(2) == 1) c = static_cast<char>(c ^ 0x20);
  }
  return result;
}

std::string target(const Choose& choose) {
  std::string result;
  switch (choose(8)) {
    case 6: result.append(mostly_first(choose, kSchemes)).append(mostly_first(choose, kAuthorities)); break;
    case 7: return choose(2) == 0 ? "*" : std::string(one_of(choose, kAuthorities));
    default: break;
  }
  result.append(mostly_first(choose, kPaths)).append(one_of(choose, kQueries));
  if (rarely(choose)) result += "\x7F\x80\x01#\"<> \t"[choose(9)];
  if (rarely(choose)) result.append(choose(60), 'u');
  return result;
}

std::string request_line(const Choose& choose) {
  std::string line;
  line.append(mostly_first(choose, kMethods)).append(space(choose)).append(target(choose)).append(space(choose));
  return line.append(mostly_first(choose, kVersions)).append(line_end(choose));
}

std::string field(const Choose& choose, std::string_view name, std::string_view value) {
  std::string line = any_case(choose, name);
  line.append(rarely(choose) ? " :" : ":").append(one_of(choose, kBlanks)).append(value);
  return line.append(choose(4) == 3 ? one_of(choose, kBlanks) : "").append(line_end(choose));
}

std::string field(const Choose& choose) {
  switch (choose(16)) {
    case 1:
    case 2: return field(choose, "Content-Length", mostly_first(choose, kLengths));
    case 3:
    case 4: return field(choose, "Transfer-Encoding", mostly_first(choose, kCodings));
    case 5:
    case 6: return field(choose, "Connection", one_of(choose, kConnections));
    case 7: return field(choose, "Expect", mostly_first(choose, kExpectations));
    case 8: return rarely(choose) ? field(choose, "Host", one_of(choose, kAuthorities)) : "";
    case 9: return rarely(choose) ? field(choose, one_of(choose, kBadNames), "a") : "";
    case 10: return rarely(choose) ? field(choose, "X", one_of(choose, kBadValues)) : "";
    case 11: {
      std::string value;
      for (std::size_t left = choose(40); left != 0; --left) value += static_cast<char>(' ' + choose(95));
      return field(choose, one_of(choose, kNames), value);
    }
    default: return field(choose, one_of(choose, kNames), one_of(choose, kValues));
  }
}

/// A byte changed, put in or left out, a part twice, an end too early, bytes behind it.
void mutate(const Choose& choose, std::string& bytes) {
  const std::size_t at = bytes.empty() ? 0 : (choose(256) * 256 + choose(256)) % bytes.size();
  const char byte = choose(2) == 0 ? static_cast<char>(choose(256)) : "\r\n :\t\0,;/"[choose(9)];
  switch (choose(6)) {
    case 0: bytes.resize(at); break;
    case 1: bytes.insert(at, 1, byte); break;
    case 2: bytes.erase(at, 1 + choose(4)); break;
    case 3: bytes.insert(at, bytes.substr(at, choose(32))); break;
    case 4: bytes.append("GET / HTTP/1.1\r\n"); break;
    default:
      if (!bytes.empty()) bytes[at] = byte;
  }
}

http::Limits limits(const Choose& choose) {
  http::Limits limits;
  if (choose(8) == 7) limits.header_bytes = static_cast<std::uint32_t>(1 + choose(200));
  if (choose(8) == 7) limits.header_count = static_cast<std::uint32_t>(choose(5));
  if (choose(8) == 7) limits.uri_bytes = static_cast<std::uint32_t>(choose(40));
  return limits;
}

}  // namespace

GeneratedHead generate_head(const Choose& choose) {
  GeneratedHead head{.limits = limits(choose)};
  if (rarely(choose)) head.bytes += choose(2) == 0 ? "\r\n" : one_of(choose, kLineEnds);
  head.bytes += request_line(choose);
  const std::size_t fields = choose(6);
  const std::size_t host_at = rarely(choose) ? fields : choose(fields + 1);
  for (std::size_t i = 0; i < fields + 1; ++i) {
    if (i != host_at) {
      head.bytes += field(choose);
    } else if (!rarely(choose)) {
      head.bytes += field(choose, "Host", mostly_first(choose, kAuthorities));
    }
  }
  head.bytes += line_end(choose);
  for (std::size_t count = choose(8); count > 5; --count) mutate(choose, head.bytes);
  return head;
}

}  // namespace flare::test
