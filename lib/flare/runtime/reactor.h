// Readiness of descriptors: the one place where a worker sleeps. Token based, so that epoll, kqueue and io_uring can
// all serve.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "flare/base/error.h"

namespace flare::runtime {

/// Chosen by the caller, given back with each event. kWakeupToken is the reactor's own.
using Token = std::uint64_t;
inline constexpr Token kWakeupToken = ~Token{0};

enum class Interest : std::uint8_t { kRead = 1, kWrite = 2, kReadWrite = 3 };

/// kEdge reports a change once: whoever waits must have drained the descriptor. kLevel reports as long as it lasts.
/// kLevelExclusive is kLevel for a descriptor that several reactors share: one of them is woken.
enum class Trigger : std::uint8_t { kEdge, kLevel, kLevelExclusive };

struct Event {
  Token token = 0;
  bool readable = false;
  bool writable = false;
  bool hung_up = false;  ///< the peer closed its side, or an error is pending: reading will tell which
};

/// How often the reactor entered the kernel.
struct ReactorCalls {
  std::uint64_t waits = 0;
  std::uint64_t controls = 0;
};

/// Used by one thread; only wakeup() may be called from others.
class Reactor {
 public:
  virtual ~Reactor() = default;

  virtual Result<void> add(int fd, Token token, Interest interest, Trigger trigger = Trigger::kEdge) = 0;
  virtual Result<void> modify(int fd, Token token, Interest interest, Trigger trigger = Trigger::kEdge) = 0;
  /// Not needed before close(2): closing the last reference removes the descriptor.
  virtual Result<void> remove(int fd) = 0;
  /// Waits until something happens or `timeout` has passed (nullopt: as long as it takes). The events live until the
  /// next call.
  virtual std::span<const Event> poll(std::optional<std::chrono::milliseconds> timeout) = 0;
  /// Makes a running or the next poll() return; it reports one event with kWakeupToken however often it was called.
  virtual void wakeup() noexcept = 0;
  [[nodiscard]] virtual ReactorCalls calls() const noexcept = 0;
};

/// epoll on Linux. Throws NetworkError when the system has no descriptor left.
std::unique_ptr<Reactor> make_reactor();

}  // namespace flare::runtime
