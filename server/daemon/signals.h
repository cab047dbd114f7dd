// The signals that the daemon answers, taken one at a time by the supervisor (behaviour.md S-1 to S-8).
#pragma once

#include <chrono>
#include <optional>

namespace flare::server {

enum class Signal {
  kStop,    ///< SIGTERM, SIGINT, SIGQUIT: drain; a second one closes at once
  kReopen,  ///< SIGUSR1: reopen log files
  kHangup,  ///< SIGHUP
};

/// Blocks them in this thread and every one it starts from now on; SIGPIPE is ignored. The rest keep their default.
class Signals {
 public:
  Signals();
  /// Waits for the next one; nullopt: `longest` has passed.
  [[nodiscard]] std::optional<Signal> wait(std::chrono::milliseconds longest) const;
  /// The next one that is pending already, if any.
  [[nodiscard]] std::optional<Signal> poll() const;
};

}  // namespace flare::server
