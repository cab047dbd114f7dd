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

Signal Signals::wait() const {
  const sigset_t set = answered();
  for (;;) {
    const int signal = ::sigwaitinfo(&set, nullptr);
    if (signal > 0) return meaning(signal);
  }
}

std::optional<Signal> Signals::poll() const {
  const sigset_t set = answered();
  const timespec none{};
  const int signal = ::sigtimedwait(&set, nullptr, &none);
  if (signal <= 0) return std::nullopt;
  return meaning(signal);
}

}  // namespace flare::server
