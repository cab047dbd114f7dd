// Connections that were not served, told to the operator at a pace he can read.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "flare/base/reason.h"
#include "flare/net/socket_addr.h"
#include "flare/runtime/timer_wheel.h"
#include "flare/runtime/worker.h"
#include "server/log/error_log.h"

namespace flare::server::log {

/// The first refusal is told at once, with its peer; then one line a second and reason with their number, as long as
/// they go on. One worker's.
class RefusalLog final : private runtime::TimerEntry {
 public:
  RefusalLog(runtime::Worker& worker, ErrorLog& errors) noexcept : worker_(worker), errors_(errors) {}
  ~RefusalLog() override { tell_counts(); }

  /// `detail`, where there is one, says more than the reason.
  void add(const net::SocketAddr& peer, Reason why, std::string_view detail) noexcept;

 private:
  void on_timer() override;
  void tell(Reason why, const std::string& text) noexcept;
  /// True when there was something to tell.
  bool tell_counts() noexcept;

  runtime::Worker& worker_;
  ErrorLog& errors_;
  std::array<std::uint32_t, static_cast<std::size_t>(Reason::kCount_)> untold_{};
};

}  // namespace flare::server::log
