// Time on a worker: coroutines that sleep beside each other, and a timer that is put off before it fires. The wheel's
// ticks are 32 ms: times further apart keep their order.
#include <chrono>
#include <cstdio>
#include <string>

#include "flare/runtime/worker.h"

using namespace flare;
using namespace std::chrono_literals;

namespace {

/// Three of these run on one thread: a sleep holds up nobody else.
runtime::Task<void> strike(runtime::Worker& worker, std::chrono::milliseconds after, char name, std::string& order) {
  co_await worker.sleep(after);
  order += name;
}

/// A timer that is not a coroutine: it fires once, and is out of the wheel when it does.
struct Watchdog final : runtime::TimerEntry {
  runtime::TimePoint fired{};

 private:
  void on_timer() override { fired = runtime::monotonic_now(); }
};

}  // namespace

int main() {
  runtime::Worker worker;
  std::string order;
  worker.spawn(strike(worker, 150ms, 'c', order));
  worker.spawn(strike(worker, 50ms, 'a', order));
  worker.spawn(strike(worker, 100ms, 'b', order));

  Watchdog watchdog;
  worker.timers().schedule(watchdog, worker.now() + 10ms);
  const runtime::TimePoint due = worker.now() + 200ms;
  worker.timers().schedule(watchdog, due);  // an entry has one time: the later call replaces the earlier
  while (worker.active_tasks() != 0 || watchdog.is_scheduled()) worker.run_once(1s);

  std::printf("%s, then the watchdog\n", order.c_str());
  return order == "abc" && watchdog.fired >= due ? 0 : 1;
}
