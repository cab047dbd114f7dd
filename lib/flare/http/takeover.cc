#include "flare/http/takeover.h"

#include <chrono>
#include <exception>

#include "flare/http/linger.h"

namespace flare::http {
namespace {

constexpr std::chrono::milliseconds kPatience{30'000};  // with a peer that takes nothing of what is left

}  // namespace

runtime::Task<void> run_takeover(runtime::Worker& worker, std::unique_ptr<Takeover> takeover,
                                 std::unique_ptr<io::AnyStream> stream, std::string received,
                                 [[maybe_unused]] ConnectionCount::Place place) {
  bool failed = false;
  try {
    co_await takeover->run(*stream, std::move(received));
  } catch (const std::exception&) {
    failed = true;
  }
  co_await takeover->finish(failed);
  if (stream->keeps_back()) co_await settle(*stream, worker, kPatience);
}

}  // namespace flare::http
