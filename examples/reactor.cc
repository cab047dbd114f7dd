// What a worker is made of, by hand: a reactor tells when a descriptor is ready, a wheel keeps the time, and a wake-up
// comes in from another thread.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>

#include "flare/net/unique_fd.h"
#include "flare/runtime/reactor.h"
#include "flare/runtime/timer_wheel.h"

using namespace flare;

namespace {

constexpr runtime::Token kPipe = 7;  // ours to choose; it comes back with each event

/// Deriving from TimerEntry is all it takes: the wheel allocates nothing.
struct Alarm final : runtime::TimerEntry {
  bool rang = false;

 private:
  void on_timer() override { rang = true; }
};

}  // namespace

int main() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0) return 1;
  const net::UniqueFd here(ends[0]);
  const net::UniqueFd there(ends[1]);

  const auto reactor = runtime::make_reactor();
  if (!reactor->add(here.get(), kPipe, runtime::Interest::kRead)) return 1;
  runtime::TimerWheel timers(runtime::monotonic_now());
  Alarm alarm;
  timers.schedule(alarm, runtime::monotonic_now() + std::chrono::milliseconds(50));

  std::jthread elsewhere([&] {
    static_cast<void>(::send(there.get(), "x", 1, MSG_NOSIGNAL));
    reactor->wakeup();  // the only member that other threads may call
  });

  bool readable = false;
  bool woken = false;
  while (!(readable && woken && alarm.rang)) {
    std::optional<std::chrono::milliseconds> timeout;
    if (const auto next = timers.next_fire()) {
      timeout = std::max(*next - runtime::monotonic_now(), std::chrono::milliseconds(0));
    }
    for (const runtime::Event& event : reactor->poll(timeout)) {
      readable = readable || (event.token == kPipe && event.readable);
      woken = woken || event.token == runtime::kWakeupToken;
    }
    timers.advance(runtime::monotonic_now());
  }
  std::puts("a byte, a wake-up and an alarm");
}
