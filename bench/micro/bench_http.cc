// What one request costs before anybody answers it: head, path, chunks. Run it on an idle core, with
// --benchmark_repetitions.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "flare/http/chunked.h"
#include "flare/http/path.h"
#include "flare/http/request.h"
#include "flare/http/request_head_parser.h"

namespace flare::http {
namespace {

constexpr std::string_view kMinimal = "GET / HTTP/1.0\r\n\r\n";
constexpr std::string_view kPlaintext = "GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";
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
static_assert(kPlaintext.size() == 49 && kBrowser.size() == 571);

template <class Scan>
void parse_heads(benchmark::State& state, std::string_view input) {
  const std::string bytes(input);
  const Limits limits;
  RequestHead head;
  for (auto _ : state) {
    const auto size = detail::parse_head<Scan>(bytes, limits, head);
    if (size != bytes.size()) std::abort();
    benchmark::DoNotOptimize(head.fields.data());
    benchmark::ClobberMemory();
  }
}
void head(benchmark::State& state, std::string_view input) { parse_heads<detail::SseScan>(state, input); }
BENCHMARK_CAPTURE(head, minimal_18, kMinimal);
BENCHMARK_CAPTURE(head, plaintext_49, kPlaintext);
BENCHMARK_CAPTURE(head, browser_571, kBrowser);
void head_scalar(benchmark::State& state, std::string_view input) { parse_heads<detail::ScalarScan>(state, input); }
BENCHMARK_CAPTURE(head_scalar, plaintext_49, kPlaintext);
BENCHMARK_CAPTURE(head_scalar, browser_571, kBrowser);

void request(benchmark::State& state, std::string_view input) {
  const std::string bytes(input);
  const Limits limits;
  Request request;
  for (auto _ : state) {
    const auto size = request.parse(bytes, limits);
    if (size != bytes.size()) std::abort();
    benchmark::DoNotOptimize(request.path().data());
    benchmark::ClobberMemory();
  }
}
BENCHMARK_CAPTURE(request, plaintext_49, kPlaintext);
BENCHMARK_CAPTURE(request, browser_571, kBrowser);

void chunks(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  std::array<char, kMaxChunkHead> buffer;
  std::string body;
  for (int i = 0; i < 16; ++i) {
    body.append(chunk_head(size, buffer)).append(size, 'x').append(kChunkEnd);
  }
  body += kLastChunk;
  const Limits limits;
  for (auto _ : state) {
    ChunkedDecoder decoder(limits);
    std::string_view rest = body;
    std::size_t content = 0;
    for (bool done = false; !done;) {
      const auto step = decoder.decode(rest);
      if (!step) std::abort();
      content += step->content.size();
      rest.remove_prefix(step->consumed);
      done = step->done;
    }
    if (content != 16 * size) std::abort();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(chunks)->Arg(1)->Arg(64)->Arg(4096);

void path(benchmark::State& state, std::string_view raw) {
  const std::string bytes(raw);
  std::string scratch;
  for (auto _ : state) {
    const auto canonical = canonical_path(bytes, scratch);
    if (!canonical) std::abort();
    benchmark::DoNotOptimize(canonical->data());
  }
}
BENCHMARK_CAPTURE(path, plain, "/docs/getting-started/");
BENCHMARK_CAPTURE(path, escaped, "/docs/%67etting%20started//a");

}  // namespace
}  // namespace flare::http
