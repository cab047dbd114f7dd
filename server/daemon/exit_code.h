// Exit codes (behaviour.md C-5): stable, in the man page.
#pragma once

namespace flare::server {

enum class ExitCode : int {
  kOk = 0,  ///< done, or stopped gracefully
  kInvalidConfig = 1,
  kUsage = 2,
  kCannotBind = 3,
  kPermission = 4,
  kResource = 5,
  kInternal = 70,
};

}  // namespace flare::server
