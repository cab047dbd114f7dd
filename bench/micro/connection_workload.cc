#include "bench/micro/connection_workload.h"

#include <coroutine>
#include <cstring>
#include <span>
#include <string>

#include "flare/handlers/respond.h"
#include "flare/http/connection.h"
#include "flare/http/router.h"

namespace flare::bench {
namespace {

using namespace http;

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
  std::optional<Result<void>> readable(runtime::ReadyListener&) const noexcept { return Result<void>(); }
  Result<std::size_t> try_read(std::span<char> into) noexcept {
    if (turns_-- == 0) return fail(ErrorKind::kClosed);
    std::memcpy(into.data(), turn_.data(), turn_.size());
    return turn_.size();
  }
  Result<std::size_t> try_write(std::string_view bytes, io::Ahead = io::Ahead::kUnknown) noexcept {
    asm volatile("" : : "r"(bytes.data()) : "memory");  // it counts as read
    return bytes.size();
  }
  Result<std::size_t> try_writev(std::span<const iovec> pieces) noexcept { return pieces[0].iov_len; }
  Result<std::size_t> try_send_file(int, std::uint64_t&, std::uint64_t length) noexcept { return length; }
  Result<void> shutdown_write() noexcept { return {}; }
  void set_deadline(runtime::TimePoint) noexcept {}
  void set_read_deadline(runtime::TimePoint) noexcept {}
  void set_write_deadline(runtime::TimePoint) noexcept {}
  void interrupt_read() noexcept {}
  void clear_deadline() noexcept {}
  void set_idle(bool) noexcept {}
  void watch_hang_up(runtime::Cancellation*) noexcept {}
  void set_cork(bool) noexcept {}
  std::size_t unacknowledged() const noexcept { return 0; }
  void cancel() noexcept {}
  void abort() noexcept {}

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

}  // namespace

void serve_turns(std::string_view request, std::size_t depth, std::size_t turns) {
  std::string turn;
  for (std::size_t i = 0; i < depth; ++i) turn += request;
  Limits limits;
  limits.keepalive_requests = UINT32_MAX;
  runtime::Worker worker;
  WorkerContext context(worker, plaintext(), limits);
  worker.spawn(serve_connection<LoopStream>(context, net::SocketAddr::localhost(1), std::string_view(turn), turns));
}

}  // namespace flare::bench
