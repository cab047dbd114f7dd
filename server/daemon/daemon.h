// flared in the foreground: binds, runs the workers, answers signals, drains.
#pragma once

#include "server/config/config.h"
#include "server/daemon/exit_code.h"

namespace flare::server {

/// Serves `config` until a signal ends it. Nothing is accepted before everything that can fail has succeeded.
ExitCode run_daemon(config::Config config);

}  // namespace flare::server
