// What flared does besides serving: one function a command. What was asked for goes to stdout, the rest to stderr
// (C-7).
#pragma once

#include "server/cli/command_line.h"
#include "server/config/config.h"
#include "server/daemon/exit_code.h"

namespace flare::server::cli {

ExitCode run(const Run& command);
ExitCode run(const Check& command);
ExitCode run(const ShowConfig& command);
ExitCode run(const Explain& command);
ExitCode run(const ListRoutes& command);
ExitCode run(const ListCertificates& command);
ExitCode run(const SelfSign& command);
ExitCode run(const ServeFolder& command);
ExitCode run(const ProxyTo& command);
ExitCode run(const Version& command);
ExitCode run(const Finished& command);

/// The loaded configuration; or nullopt, after every error was printed to stderr. Warnings are printed too.
std::optional<config::Config> load_or_complain(const std::string& path);

}  // namespace flare::server::cli
