#include "bench/micro/workloads.h"

#include <array>
#include <cstdlib>
#include <string>

#include "bench/micro/connection_workload.h"
#include "flare/http/chunked.h"
#include "flare/http/date.h"
#include "flare/http/path.h"
#include "flare/http/request.h"
#include "flare/http/request_head_parser.h"
#include "flare/http/response_head.h"

namespace flare::bench {
namespace {

using namespace http;

constexpr std::string_view kMinimal = "GET / HTTP/1.0\r\n\r\n";
constexpr std::string_view kPlaintext = "GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";
constexpr std::string_view kTechEmpower =
    "GET /plaintext HTTP/1.1\r\nHost: server:8080\r\n"
    "Accept: text/plain,text/html;q=0.9,application/xhtml+xml;q=0.9,application/xml;q=0.8,*/*;q=0.7\r\n"
    "Connection: keep-alive\r\n\r\n";
constexpr std::string_view kBrowser =
    "GET /docs/getting-started/?from=welcome HTTP/1.1\r\n"
    "Host: www.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Accept-Language: en-US,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Referer: https://www.example.com/docs/getting-started/welcome.html\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=yes\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "If-None-Match: \"18d2c9a3b5e7f901-000002f31\"\r\n"
    "\r\n";
static_assert(kPlaintext.size() == 49 && kTechEmpower.size() == 166 && kBrowser.size() == 571);

/// The compiler must take `what` for read and memory for changed.
void use(const void* what) { asm volatile("" : : "r"(what) : "memory"); }

void require(bool holds) {
  if (!holds) std::abort();
}

template <const std::string_view& kInput, class Scan = detail::SseScan>
void parse_head(std::size_t times) {
  const std::string bytes(kInput);
  const Limits limits;
  RequestHead head;
  for (; times != 0; --times) {
    require(detail::parse_head<Scan>(bytes, limits, head) == bytes.size());
    use(&head);
  }
}

template <const std::string_view& kInput>
void parse_request(std::size_t times) {
  const std::string bytes(kInput);
  const Limits limits;
  Request request;
  for (; times != 0; --times) {
    require(request.parse(bytes, limits) == bytes.size());
    use(&request);
  }
}

/// Two fields that are there and one that is not.
void look_up_fields(std::size_t times) {
  const std::string bytes(kBrowser);
  const Limits limits;
  Request request;
  require(request.parse(bytes, limits) == bytes.size());
  for (; times != 0; --times) {
    require(request.header("Accept-Encoding") && request.header("if-none-match") && !request.header("Range"));
    use(&request);
  }
}

void look_up_response_fields(std::size_t times) {
  Response response;
  for (const char* name : {"Content-Type", "ETag", "Last-Modified", "Cache-Control"}) {
    response.headers.set(name, "max-age=3600, public");
  }
  for (; times != 0; --times) {
    require(response.headers.contains("cache-control") && !response.headers.contains("Vary"));
    use(&response);
  }
}

void write_response_head(std::size_t times) {
  constexpr std::string_view kCommon = "Server: flared\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
  Response response = ok("Hello, World!");
  response.headers.set("ETag", "\"d-17a3b2c4d5e6f708\"");
  const HeadContext context{.common_fields = kCommon};
  io::Buffer out(4096);
  for (; times != 0; --times) {
    out.clear();
    append_response_head(out, response, context);
    use(out.data());
  }
}

/// 16 chunks.
template <std::size_t kSize>
void decode_chunks(std::size_t times) {
  std::array<char, kMaxChunkHead> buffer;
  std::string body;
  for (int i = 0; i < 16; ++i) body.append(chunk_head(kSize, buffer)).append(kSize, 'x').append(kChunkEnd);
  body += kLastChunk;
  const Limits limits;
  for (; times != 0; --times) {
    ChunkedDecoder decoder(limits);
    std::string_view rest = body;
    std::size_t content = 0;
    for (bool done = false; !done;) {
      const auto step = decoder.decode(rest);
      require(step.has_value());
      content += step->content.size();
      rest.remove_prefix(step->consumed);
      done = step->done;
    }
    require(content == 16 * kSize);
  }
}

void format_date(std::size_t times) {
  std::array<char, kHttpDateSize> text{};
  std::time_t when = 784111777;
  for (; times != 0; --times) {
    format_http_date(when++, text.data());
    use(text.data());
  }
}

void parse_date(std::size_t times) {
  const std::string text = "Sun, 06 Nov 1994 08:49:37 GMT";
  for (; times != 0; --times) {
    require(parse_http_date(text) == 784111777);
    use(text.data());
  }
}

constexpr std::string_view kPlainPath = "/docs/getting-started/";
constexpr std::string_view kEscapedPath = "/docs/%67etting%20started//a";

template <const std::string_view& kPath>
void canonicalize_path(std::size_t times) {
  const std::string bytes(kPath);
  std::string scratch;
  for (; times != 0; --times) {
    const auto canonical = canonical_path(bytes, scratch);
    require(canonical.has_value());
    use(canonical->data());
  }
}

void normalize_authority(std::size_t times) {
  const std::string authority = "WWW.Example.com:8080";
  std::string scratch;
  for (; times != 0; --times) {
    require(is_valid_authority(authority));
    use(normalize_host(authority, scratch).data());
  }
}

template <const std::string_view& kInput, std::size_t kDepth>
void serve(std::size_t times) {
  serve_turns(kInput, kDepth, times);
}

constexpr Workload kWorkloads[] = {
    {"head/minimal_18", parse_head<kMinimal>},
    {"head/plaintext_49", parse_head<kPlaintext>},
    {"head/techempower_166", parse_head<kTechEmpower>},
    {"head/browser_571", parse_head<kBrowser>},
    {"head_scalar/browser_571", parse_head<kBrowser, detail::ScalarScan>},
    {"request/plaintext_49", parse_request<kPlaintext>},
    {"request/techempower_166", parse_request<kTechEmpower>},
    {"request/browser_571", parse_request<kBrowser>},
    {"fields/look_up_3_of_10", look_up_fields},
    {"header_map/look_up_2_of_4", look_up_response_fields},
    {"response_head/200", write_response_head},
    {"chunks/16_of_1", decode_chunks<1>},
    {"chunks/16_of_64", decode_chunks<64>},
    {"chunks/16_of_4096", decode_chunks<4096>},
    {"date/format", format_date},
    {"date/parse", parse_date},
    {"path/plain", canonicalize_path<kPlainPath>},
    {"path/escaped", canonicalize_path<kEscapedPath>},
    {"host/normalize", normalize_authority},
    {"connection/plaintext", serve<kPlaintext, 1>},
    {"connection/plaintext_x16", serve<kPlaintext, 16>},
    {"connection/browser", serve<kBrowser, 1>},
};

}  // namespace

std::span<const Workload> workloads() noexcept { return kWorkloads; }

}  // namespace flare::bench
