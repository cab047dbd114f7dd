#include <algorithm>
#include <cstdio>
#include <string>

#include "flare/base/exception.h"
#include "server/cli/commands.h"
#include "server/cli/describe.h"
#include "server/site/explain.h"

namespace flare::server::cli {
namespace {

std::string where(const config::Place& place) {
  return place.line == 0 ? std::string() : place.file + ":" + std::to_string(place.line);
}

std::string at(const config::Place& place) { return place.line == 0 ? std::string() : "  (" + where(place) + ")"; }

void print_line(const std::string& label, const std::string& text) {
  std::printf("%-10s %s\n", label.c_str(), text.c_str());
}

void print_settings(const config::Route& route) {
  std::printf("settings\n");
  for (const Setting& setting : effective_settings(route)) {
    std::printf("  %-28s %-20s %s\n", setting.name.c_str(), setting.value.c_str(), setting.origin.c_str());
  }
}

void print_rates(const config::Config& config, const config::Route& route) {
  for (const std::string& name : *route.settings.rates) {
    const auto rate = std::ranges::find(config.rates, name, &config::Rate::name);
    print_line("rate", rate->name + ": " + describe_rate(*rate) + at(rate->place));
  }
}

void print_verdict(const config::Host& host, const site::Explanation& found) {
  switch (found.verdict) {
    case http::RouteVerdict::kFound: {
      const config::Route& route = host.routes[*found.route];
      print_line("route", route.id + at(route.place));
      print_line("action", describe_action(route.action));
      return;
    }
    case http::RouteVerdict::kNotFound:
      print_line("route", "none: 404, no pattern of this host matches the path");
      return;
    case http::RouteVerdict::kMethodNotAllowed:
      print_line("route", "none takes this method: 405 with Allow: " + found.allow);
      return;
  }
}

void print_losers(const config::Host& host, const site::Explanation& found) {
  for (const http::RouteCandidate& candidate : found.candidates) {
    if (candidate.won) continue;
    const config::Route& route = host.routes[candidate.index];
    print_line("lost", route.id + ": " + candidate.why_not + at(route.place));
  }
}

/// False: the request ends here.
bool print_handshake(const config::Config& config, const site::Handshake& found) {
  const std::string asked = found.server_name.empty() ? std::string("no server name") : found.server_name;
  if (found.certificates.empty()) {
    print_line("tls", asked + ": no certificate, the alert unrecognized_name (why=unknown_server_name)");
    return false;
  }
  for (const std::size_t place : found.certificates) {
    const config::TlsCertificate& settings = config.tls.certificates[place];
    print_line("tls",
               asked + ": " + settings.files.chain + ", " + describe_key(*settings.certificate) + at(settings.place));
  }
  if (found.client_auth) {
    const config::ClientAuth& auth = *config.hosts[*found.client_auth].client_auth;
    const bool require = *auth.mode == tls::ClientAuth::Mode::kRequire;
    print_line("client", std::string(require ? "its certificate is required" : "its certificate is asked for") +
                             ", authorities in " + *auth.ca + at(auth.ca.origin.place));
  }
  return true;
}

void print_explanation(const config::Config& config, const site::Explanation& found) {
  const config::Listener& listener = config.listeners[found.listener];
  print_line("listener", listener.name + at(listener.place) +
                             (found.listener_by_port ? "" : "  the only one; no address of it has the URL's port"));
  if (!found.listener_by_scheme) {
    print_line("tls",
               *listener.tls
                   ? "the listener speaks TLS: plain HTTP is answered with 400 (why=plain_http_on_tls); ask https://"
                   : "the listener speaks plain HTTP: a handshake is closed (why=tls_on_plain_port); ask http://");
    return;
  }
  if (found.handshake && !print_handshake(config, *found.handshake)) return;
  if (!found.host) {
    print_line("host", "none claims \"" + found.host_name + "\" on this listener: 421 (why=host_unknown)");
    return;
  }
  const config::Host& host = config.hosts[*found.host];
  print_line("host", host.name + at(host.place));
  print_line("path", found.path);
  print_verdict(host, found);
  if (!found.admitted) print_line("access", "refused: 403 (why=access_denied), by \"allow\" or \"deny\"");
  if (found.route) print_rates(config, host.routes[*found.route]);
  print_losers(host, found);
  if (found.route) print_settings(host.routes[*found.route]);
}

}  // namespace

ExitCode run(const Explain& command) {
  auto config = load_or_complain(command.config);
  if (!config) return ExitCode::kInvalidConfig;
  const auto from = net::IpAddr::try_parse(command.from);
  if (!from) {
    std::fprintf(stderr, "flared: --from \"%s\" is not an IP address\n", command.from.c_str());
    return ExitCode::kUsage;
  }
  const site::Snapshot snapshot(std::move(*config));
  const auto found =
      site::explain(snapshot, {.method = command.method, .url = command.url, .fields = command.fields, .from = *from});
  if (!found) {
    std::fprintf(stderr, "flared: %s\n", found.error().c_str());
    return ExitCode::kUsage;
  }
  print_explanation(snapshot.config(), *found);
  return ExitCode::kOk;
}

ExitCode run(const ListRoutes& command) {
  const auto config = load_or_complain(command.config);
  if (!config) return ExitCode::kInvalidConfig;
  for (const config::Host& host : config->hosts) {
    std::string names;
    for (const config::HostName& name : host.names) names.append(names.empty() ? "" : ", ").append(name.name);
    std::string listen;
    for (const std::string& name : host.listen) listen.append(listen.empty() ? "" : ", ").append(name);
    std::printf("host %s (%s) on %s\n", host.name.c_str(), names.c_str(), listen.c_str());
    for (const config::Route& route : host.routes) {
      std::printf("  %-36s %-44s %s\n", route.id.c_str(), describe_action(route.action).c_str(),
                  where(route.place).c_str());
    }
  }
  return ExitCode::kOk;
}

}  // namespace flare::server::cli
