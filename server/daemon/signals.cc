#include "server/daemon/signals.h"

#include <pthread.h>

#include <cerrno>
#include <csignal>
#include <ctime>

namespace flare::server {
namespace {

sigset_t answered() noexcept {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGHUP}) sigaddset(&set, signal);
  return set;
}

Signal meaning(int signal) noexcept {
  if (signal == SIGUSR1) return Signal::kReopen;
  if (signal == SIGHUP) return Signal::kHangup;
  return Signal::kStop;
}

}  // namespace

Signals::Signals() {
  const sigset_t set = answered();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
}

std::optional<Signal> Signals::wait(std::chrono::milliseconds longest) const {
  const sigset_t set = answered();
  const timespec time{.tv_sec = longest.count() / 1000, .tv_nsec = longest.count() % 1000 * 1'000'000};
  const int signal = ::sigtimedwait(&set, nullptr, &time);
  if (signal <= 0) return std::nullopt;  // or interrupted: as good as time passed
  return meaning(signal);
}

std::optional<Signal> Signals::poll() const { return wait(std::chrono::milliseconds(0)); }

}  // namespace flare::server
