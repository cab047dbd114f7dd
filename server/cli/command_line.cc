#include "server/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdio>

namespace flare::server::cli {
namespace {

constexpr const char* kUsage = "usage: flared [-c FILE] [-t | -T | -v | -V] | flared COMMAND ...; see flared --help\n";

/// What CLI11 fills in.
struct Parsed {
  std::string config = kDefaultConfig;
  bool test = false, dump = false, version = false, long_version = false, quiet = false;
  Check check;
  ShowConfig show;
  Explain explain;
  ListCertificates certs;
  SelfSign self_sign;
  ServeFolder serve;
  ProxyTo proxy;
  std::string help_topic;
};

/// The CLI11 description; `parsed` outlives it.
struct Grammar {
  explicit Grammar(Parsed& parsed)
      : app("flared serves files, redirects and fixed answers over HTTP/1.1 and TLS, from one TOML file.") {
    app.name("flared");
    app.add_option("-c,--config", parsed.config, "the configuration file")->type_name("FILE")->capture_default_str();
    app.add_flag("-t,--test", parsed.test, "check the configuration and exit, like `flared check`");
    app.add_flag("-T,--dump", parsed.dump, "print the effective configuration with origins and exit");
    app.add_flag("-q,--quiet", parsed.quiet, "with -t: say nothing when all is well");
    app.add_flag("-v,--version", parsed.version, "print the version and exit");
    app.add_flag("-V", parsed.long_version, "print version, compiler and libraries and exit");
    app.require_subcommand(0, 1);
    app.fallthrough();

    check = app.add_subcommand("check", "load the configuration completely, bind nothing, report every error");
    check->add_option("FILE", parsed.check.config, "instead of -c");
    check->add_flag("--json", parsed.check.json, "diagnostics as JSON on stdout, for editors");
    check->add_flag("--strict", parsed.check.strict, "warnings are errors");

    config = app.add_subcommand("config", "about the configuration");
    config->require_subcommand(1);
    show = config->add_subcommand("show", "print the effective configuration, secrets as ***");
    show->add_flag("--origin", parsed.show.origin, "say of each value where it comes from");
    show->add_flag("--json", parsed.show.json, "as JSON");

    explain =
        app.add_subcommand("explain", "which listener, host and route answers a request, and why the others do not");
    explain->add_option("METHOD", parsed.explain.method, "GET, POST, ...")->required();
    explain->add_option("URL", parsed.explain.url, "http[s]://host[:port]/path?query")->required();
    explain->add_option("-H,--header", parsed.explain.fields, "a request field, \"Name: value\"; may be repeated");
    explain->add_option("--from", parsed.explain.from, "the client's IP address")->capture_default_str();

    routes = app.add_subcommand("routes", "list every host and its routes");

    certs = app.add_subcommand("certs", "list the certificates: names, key, expiry, which host uses which");
    certs->add_flag("--json", parsed.certs.json, "as JSON");

    constexpr int kMostDays = 825;  // clients refuse what is valid for longer
    cert = app.add_subcommand("cert", "make certificates");
    cert->require_subcommand(1);
    self_sign = cert->add_subcommand("self-signed", "a certificate for development, and its [[tls.cert]] lines");
    self_sign->add_option("NAME", parsed.self_sign.names, "host names, *.example.com, IP addresses")->required();
    self_sign->add_option("--days", parsed.self_sign.days, "how long it is valid")
        ->check(CLI::Range(1, kMostDays))
        ->capture_default_str();
    self_sign->add_option("--out", parsed.self_sign.folder,
                          "the folder for fullchain.pem and privkey.pem; without it: certs/NAME");
    self_sign->add_flag("--force", parsed.self_sign.force, "replace files that exist");

    serve = app.add_subcommand("serve", "serve a folder, without a configuration file");
    serve->add_option("DIR", parsed.serve.folder, "the document root")->required();
    serve->add_option("ADDR", parsed.serve.address, "where to listen")->capture_default_str();

    proxy = app.add_subcommand("proxy", "pass everything on to a server, without a configuration file");
    proxy->add_option("ADDR", parsed.proxy.address, "where to listen, such as :8080")->required();
    proxy->add_option("SERVER", parsed.proxy.server, "127.0.0.1:3000, https://app.example.net, unix:/run/app.sock")
        ->required();

    help = app.add_subcommand("help", "about a command");
    help->add_option("COMMAND", parsed.help_topic, "cert, certs, check, config, explain, proxy, routes, serve");
  }

  CLI::App app;
  CLI::App *check, *config, *show, *explain, *routes, *certs, *cert, *self_sign, *serve, *proxy, *help;
};

Finished usage_error(const std::string& text) {
  std::fprintf(stderr, "flared: %s\n%s", text.c_str(), kUsage);
  return {ExitCode::kUsage};
}

Finished print_help(const std::string& topic) {
  Parsed unused;
  const Grammar grammar(unused);  // a grammar that has parsed a command would speak of that command alone
  if (topic.empty()) {
    std::fputs(grammar.app.help().c_str(), stdout);
    return {};
  }
  for (const CLI::App* command : grammar.app.get_subcommands({})) {
    if (command->get_name() != topic) continue;
    std::fputs(command->help("flared").c_str(), stdout);
    return {};
  }
  return usage_error("there is no command \"" + topic + "\"");
}

template <class CommandType>
CommandType with_config(CommandType command, const std::string& config) {
  if (command.config.empty()) command.config = config;
  return command;
}

Command choose(Grammar& grammar, const Parsed& parsed) {
  if (parsed.version || parsed.long_version) return Version{.long_form = parsed.long_version};
  if (grammar.help->parsed()) return print_help(parsed.help_topic);
  if (grammar.check->parsed()) {
    Check check = with_config(parsed.check, parsed.config);
    check.quiet = parsed.quiet;
    return check;
  }
  if (grammar.show->parsed()) return with_config(parsed.show, parsed.config);
  if (grammar.explain->parsed()) return with_config(parsed.explain, parsed.config);
  if (grammar.routes->parsed()) return ListRoutes{.config = parsed.config};
  if (grammar.certs->parsed()) return with_config(parsed.certs, parsed.config);
  if (grammar.self_sign->parsed()) return parsed.self_sign;
  if (grammar.serve->parsed()) return parsed.serve;
  if (grammar.proxy->parsed()) return parsed.proxy;
  if (parsed.test) return Check{.config = parsed.config, .json = false, .strict = false, .quiet = parsed.quiet};
  if (parsed.dump) return ShowConfig{.config = parsed.config, .origin = true, .json = false};
  return Run{.config = parsed.config};
}

}  // namespace

Command parse_command_line(int argc, const char* const* argv) {
  Parsed parsed;
  Grammar grammar(parsed);
  try {
    grammar.app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    for (CLI::App* command : grammar.app.get_subcommands()) {
      std::fputs(command->help("flared").c_str(), stdout);
      return Finished{};
    }
    return print_help("");
  } catch (const CLI::ParseError& error) {
    return usage_error(error.what());
  }
  return choose(grammar, parsed);
}

}  // namespace flare::server::cli
