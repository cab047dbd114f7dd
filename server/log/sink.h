// Where log lines go: stdout, stderr or a file that log rotation may replace.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "flare/net/unique_fd.h"
#include "server/config/config.h"

namespace flare::server::log {

/// One descriptor. Not thread-safe: whoever writes owns it.
class Sink {
 public:
  /// Opens a file for appending (created 0640). Throws flare::Exception that names the path and the reason.
  explicit Sink(const config::LogTarget& target);

  /// Everything, or false where the target takes no more (full disk, closed pipe).
  bool write(std::string_view bytes) noexcept;
  /// A file is opened anew under its path, the new one before the old is closed, so that no line is lost (S-6). Throws
  /// as the constructor does, and then keeps the old file.
  void reopen();

 private:
  config::LogTarget target_;
  net::UniqueFd file_;
};

}  // namespace flare::server::log
