#include "flare/http/takeover.h"

#include <chrono>
#include <exception>
#include <utility>

#include "flare/http/linger.h"

namespace flare::http {
namespace {

constexpr std::chrono::milliseconds kPatience{30'000};  // with a peer that takes nothing of what is left

/// Its frame is there at the end only: inlined, it would be part of every idle session's.
[[gnu::noinline]] runtime::Task<void> end_takeover(runtime::Worker& worker, Takeover& takeover, io::AnyStream& stream,
                                                   bool failed) {
  co_await takeover.finish(failed);
  if (stream.keeps_back()) co_await settle(stream, worker, kPatience);
}

}  // namespace

runtime::Task<void> run_takeover(runtime::Worker& worker, std::unique_ptr<Takeover> takeover,
                                 std::unique_ptr<io::AnyStream> stream, runtime::Task<void> running,
                                 [[maybe_unused]] ConnectionCount::Place place) {
  bool failed = false;
  try {
    co_await std::move(running);
  } catch (const std::exception&) {
    failed = true;
  }
  co_await end_takeover(worker, *takeover, *stream, failed);
}

}  // namespace flare::http
