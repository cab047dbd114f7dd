// A connection's own cost per request, without the kernel: parse, route, handle, serialise.
#include <benchmark/benchmark.h>

#include <coroutine>
#include <cstring>
#include <span>
#include <string>

#include "flare/handlers/respond.h"
#include "flare/http/connection.h"
#include "flare/http/router.h"

namespace flare::http {
namespace {

/// Brings the same bytes again and again, swallows the answers.
class LoopStream {
 public:
  LoopStream(std::string_view turn, std::size_t turns) : turn_(turn), turns_(turns) {}

  struct Ready {
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    Result<void> await_resume() const noexcept { return {}; }
  };
  Ready readable() const noexcept { return {}; }
  Ready writable() const noexcept { return {}; }
  Result<std::size_t> try_read(std::span<char> into) noexcept {
    if (turns_-- == 0) return fail(ErrorKind::kClosed);
    std::memcpy(into.data(), turn_.data(), turn_.size());
    return turn_.size();
  }
  Result<std::size_t> try_write(std::string_view bytes, bool = false) noexcept {
    benchmark::DoNotOptimize(bytes.data());
    return bytes.size();
  }
  Result<std::size_t> try_writev(std::span<const iovec> pieces) noexcept { return pieces[0].iov_len; }
  Result<std::size_t> try_send_file(int, std::uint64_t&, std::uint64_t length) noexcept { return length; }
  Result<void> shutdown_write() noexcept { return {}; }
  void set_deadline(runtime::TimePoint) noexcept {}
  void clear_deadline() noexcept {}
  void set_idle(bool) noexcept {}

 private:
  std::string_view turn_;
  std::size_t turns_;
};

Router plaintext() {
  Router router;
  router.get("/plaintext", handlers::Respond(Status::kOk, "text/plain", "Hello, World!"));
  router.get("/**", handlers::Respond(Status::kOk, "text/plain", "something else"));
  return router;
}

constexpr std::string_view kPlaintext = "GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1:18080\r\n\r\n";
constexpr std::string_view kBrowser =
    "GET /plaintext HTTP/1.1\r\nHost: www.example.com:8080\r\nConnection: keep-alive\r\n"
    "Cache-Control: max-age=0\r\nUpgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 "
    "Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9,de;q=0.8\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\nReferer: http://www.example.com:8080/\r\n\r\n";

void serve_requests(benchmark::State& state, std::string_view request) {
  const auto depth = static_cast<std::size_t>(state.range(0));
  std::string turn;
  for (std::size_t i = 0; i < depth; ++i) turn += request;
  Limits limits;
  limits.keepalive_requests = UINT32_MAX;
  runtime::Worker worker;
  WorkerContext context(worker, plaintext(), limits);
  constexpr std::size_t kTurns = 1000;
  for (auto _ : state) {
    worker.spawn(serve_connection<LoopStream>(context, net::SocketAddr::localhost(1), std::string_view(turn), kTurns));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kTurns * depth));
}

BENCHMARK_CAPTURE(serve_requests, plaintext, kPlaintext)->Arg(1)->Arg(16);
BENCHMARK_CAPTURE(serve_requests, browser, kBrowser)->Arg(1);

}  // namespace
}  // namespace flare::http
