#include "server/cli/commands.h"

#include <cstdio>

#include "flare/base/exception.h"
#include "server/config/dump.h"
#include "server/config/load.h"
#include "server/counted.h"
#include "server/daemon/daemon.h"
#include "server/site/site.h"

namespace flare::server::cli {
namespace {

void print(const std::string& text) { std::fputs(text.c_str(), stdout); }
void complain(const std::string& text) { std::fputs(text.c_str(), stderr); }

}  // namespace

std::optional<config::Config> load_or_complain(const std::string& path) {
  config::LoadResult result = config::load(path);
  complain(config::to_text(result.diagnostics));
  if (!result.ok()) return std::nullopt;
  return std::move(result.config);
}

ExitCode run(const Run& command) {
  auto config = load_or_complain(command.config);
  if (!config) return ExitCode::kInvalidConfig;
  return run_daemon(std::move(*config));
}

ExitCode run(const Check& command) {
  config::LoadResult result = config::load(command.config, {.files = nullptr, .strict = command.strict});
  if (command.json) print(config::to_json(result.diagnostics));
  if (!command.json) complain(config::to_text(result.diagnostics));
  if (!result.ok()) return ExitCode::kInvalidConfig;
  const std::string listeners = counted(result.config.listeners.size(), "listener");
  const std::string routes = counted(result.config.route_count(), "route");
  try {
    const site::Snapshot graph(std::move(result.config));  // the complete runtime graph; nothing is bound
  } catch (const Exception& exception) {
    complain(std::string("flared: ") + exception.what() + "\n");
    return ExitCode::kInvalidConfig;
  }
  if (!command.quiet && !command.json)
    complain("flared: " + command.config + " ok (" + listeners + ", " + routes + ")\n");
  return ExitCode::kOk;
}

ExitCode run(const ShowConfig& command) {
  const auto config = load_or_complain(command.config);
  if (!config) return ExitCode::kInvalidConfig;
  print(command.json ? config::dump_json(*config, command.origin) : config::dump_toml(*config, command.origin));
  return ExitCode::kOk;
}

namespace {

/// One listener, one route for everything, as `name` in messages.
ExitCode run_in_one_line(const std::string& name, const std::string& listen, const std::string& action) {
  // ":8080" alone means every address of this machine, of both families.
  const std::string address = listen.starts_with(':') ? "[" + config::toml_quote("0.0.0.0" + listen) + ", " +
                                                            config::toml_quote("[::]" + listen) + "]"
                                                      : config::toml_quote(listen);
  const std::string text = "[listen.web]\naddress = " + address + "\n[[route]]\npath = \"/**\"\n" + action + "\n";
  config::LoadResult result = config::load_text(name, text);
  complain(config::to_text(result.diagnostics));
  if (!result.ok()) return ExitCode::kInvalidConfig;
  return run_daemon(std::move(result.config));
}

}  // namespace

ExitCode run(const ServeFolder& command) {
  return run_in_one_line("flared serve", command.address,
                         "static = { root = " + config::toml_quote(command.folder) + " }");
}

ExitCode run(const ProxyTo& command) {
  const bool is_url = command.server.contains("://") || command.server.starts_with("unix:");
  const std::string to = is_url ? command.server : "http://" + command.server;
  return run_in_one_line("flared proxy", command.address, "proxy = { to = " + config::toml_quote(to) + " }");
}

ExitCode run(const Finished& command) { return command.code; }

}  // namespace flare::server::cli
