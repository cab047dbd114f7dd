// What an operator should know, beyond single requests.
#pragma once

#include <memory>
#include <string_view>

#include "server/config/config.h"

namespace flare::server::log {

/// Any thread; never waits for the sinks, which a thread of its own writes. Lines below the configured level cost a
/// comparison.
class ErrorLog {
 public:
  /// Throws flare::Exception where a file cannot be opened.
  explicit ErrorLog(const config::LogSettings& settings);
  ~ErrorLog();

  void debug(std::string_view text) noexcept;
  void info(std::string_view text) noexcept;
  void warn(std::string_view text) noexcept;
  void error(std::string_view text) noexcept;
  /// Files are opened anew under their paths (S-6); what cannot be opened is reported and the old file kept.
  void reopen() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace flare::server::log
