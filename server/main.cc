#include <cstdio>
#include <exception>
#include <variant>

#include "flare/tls/memory.h"
#include "server/cli/commands.h"

namespace cli = flare::server::cli;

int main(int argc, char** argv) {
  flare::tls::use_cached_memory();
  try {
    const cli::Command command = cli::parse_command_line(argc, argv);
    return static_cast<int>(std::visit([](const auto& chosen) { return cli::run(chosen); }, command));
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "flared: internal error: %s\n", exception.what());
    return static_cast<int>(flare::server::ExitCode::kInternal);
  }
}
