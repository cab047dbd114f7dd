#include "server/config/read_hosts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "server/config/host_name.h"
#include "server/config/nearest.h"
#include "server/config/read_access.h"
#include "server/config/read_auth.h"
#include "server/config/read_routes.h"
#include "server/config/read_settings.h"
#include "server/config/read_tls.h"
#include "server/config/route_checks.h"

namespace flare::server::config {
namespace {

class HostReader {
 public:
  HostReader(LoadContext& context, const Node& document, Config& config)
      : context_(context), document_(document), config_(config) {}

  void read_all() {
    if (const Node* hosts = document_.find("host")) {
      for (const Member& member : hosts->members) {
        if (member.value.kind == Node::Kind::kTable) read_host(member);
      }
    }
    if (const Node* routes = document_.find("route"); routes != nullptr && !routes->items.empty()) read_top(*routes);
  }

  void warn_unused() {
    const Node* presets = document_.find("preset");
    if (presets == nullptr) return;
    for (const Member& preset : presets->members) {
      if (std::ranges::find(used_, preset.key) != used_.end()) continue;
      context_.diagnostics.add(
          {.id = "FL0202",
           .severity = Severity::kWarning,
           .place = context_.sources.place(preset.key_at),
           .message = fmt::format("[preset.{}] is defined but not used", preset.key),
           .help = fmt::format("name it in a host's or a route's use = [\"{}\"], or remove it", preset.key)});
    }
  }

 private:
  void read_host(const Member& member) {
    Host host{.name = member.key, .place = context_.sources.place(member.key_at)};
    const Node& table = member.value;
    for (const Node* name : elements(table.find("names"))) {
      auto normal = normalize_host_name(name->text);
      if (normal) {
        host.names.push_back({std::move(*normal), context_.sources.place(name->at)});
      } else {
        context_.report("FL0003", name->at, fmt::format("{} {}", shown(*name), normal.error()),
                        "write \"www.example.com\", \"*.example.com\" or \"_\"");
      }
    }
    if (const Node* names = table.find("names")) host.names_origin = context_.origin(*names);
    if (const Node* names = table.find("names");
        names != nullptr && names->kind == Node::Kind::kArray && names->items.empty()) {
      context_.report("FL0003", names->at, fmt::format("[host.{}] has no name", host.name),
                      "name at least one, \"_\" for any");
    }
    read_listen(host, table, member.key_at);
    host.client_auth = read_client_auth(context_, table, host);
    const auto presets = used_presets(context_, document_, table, used_);
    host.settings = merged(presets, {}, {&table});
    if (const Node* routes = table.find("route")) read_routes(host, *routes, presets, &table);
    config_.hosts.push_back(std::move(host));
  }

  void read_top(const Node& routes) {
    Host host{.name = "_", .place = context_.sources.place(routes.items.front().at)};
    host.names.push_back({"_", host.place});
    for (const Listener& listener : config_.listeners) host.listen.push_back(listener.name);
    host.settings = merged({}, {}, {});
    read_routes(host, routes, {}, nullptr);
    config_.hosts.push_back(std::move(host));
  }

  void read_listen(Host& host, const Node& table, const Location& at) {
    const Node* listen = table.find("listen");
    std::vector<std::string_view> names;
    for (const Listener& listener : config_.listeners) names.push_back(listener.name);
    if (listen == nullptr) {
      host.listen.assign(names.begin(), names.end());
      return;
    }
    host.listen_origin = context_.origin(*listen);
    for (const Node* name : elements(listen)) {
      if (std::ranges::find(names, name->text) != names.end()) {
        if (std::ranges::find(host.listen, name->text) == host.listen.end()) host.listen.push_back(name->text);
        continue;
      }
      std::string help = did_you_mean(name->text, names);
      if (!help.empty()) help += ' ';
      help +=
          names.empty() ? std::string("no listener is defined: add [listen.NAME]") : "defined: " + quoted_list(names);
      context_.report("FL0201", name->at, fmt::format("there is no listener {}", shown(*name)), help);
    }
    if (listen->kind == Node::Kind::kArray && listen->items.empty()) {
      context_.report("FL0107", listen->at, fmt::format("[host.{}] listens nowhere", host.name),
                      "name listeners, or leave \"listen\" out for all of them",
                      {{context_.sources.place(at), "the host is here"}});
    }
  }

  // M8: built-in and [limits], then presets, then what hosts and routes say themselves.
  Settings merged(const std::vector<UsedPreset>& host_presets, const std::vector<UsedPreset>& route_presets,
                  const std::vector<const Node*>& tables) const {
    Settings settings{.limits = config_.limits};
    settings.compress = config_.compress;
    for (const auto* presets : {&host_presets, &route_presets}) {
      for (const UsedPreset& preset : *presets) {
        apply_settings(context_, settings, *preset.table, fmt::format("preset {}", preset.name));
      }
    }
    for (const Node* table : tables) apply_settings(context_, settings, *table);
    return settings;
  }

  void read_routes(Host& host, const Node& routes, const std::vector<UsedPreset>& host_presets,
                   const Node* host_table) {
    std::vector<CheckedPath> paths;
    for (const Node& table : routes.items) {
      if (table.kind != Node::Kind::kTable) continue;
      Route route = read_route(context_, table, host.name, paths.emplace_back());
      std::vector<const Node*> tables{&table};
      if (host_table != nullptr) tables.insert(tables.begin(), host_table);
      route.settings = merged(host_presets, used_presets(context_, document_, table, used_), tables);
      claim_id(route, table);
      host.routes.push_back(std::move(route));
    }
    check_routes(context_, host, paths);
  }

  // Ids that were not chosen get a number where they repeat; chosen ones must not.
  void claim_id(Route& route, const Node& table) {
    const Node* chosen = table.find("id");
    const auto [known, fresh] =
        ids_.try_emplace(route.id, chosen != nullptr ? context_.sources.place(chosen->at) : route.place);
    if (fresh) return;
    if (chosen != nullptr) {
      return context_.report("FL0005", chosen->at, fmt::format("the id {} is given twice", shown(*chosen)),
                             "choose another", {{known->second, "the other route is here"}});
    }
    const std::string base = route.id;
    for (int number = 2; !ids_.try_emplace(route.id, route.place).second; ++number) {
      route.id = fmt::format("{}#{}", base, number);
    }
  }

  LoadContext& context_;
  const Node& document_;
  Config& config_;
  std::vector<std::string_view> used_;
  std::map<std::string, Place> ids_;
};

void check_claims(LoadContext& context, const Config& config) {
  for (const Listener& listener : config.listeners) {
    std::map<std::string_view, std::pair<const Host*, const HostName*>> claims;
    for (const Host& host : config.hosts) {
      if (std::ranges::find(host.listen, listener.name) == host.listen.end()) continue;
      for (const HostName& name : host.names) {
        const auto [first, fresh] = claims.try_emplace(name.name, &host, &name);
        if (fresh) continue;
        const auto title = [](const Host& of) {
          return of.listen_origin.is_default() && of.name == "_" ? std::string("the top-level routes")
                                                                 : fmt::format("[host.{}]", of.name);
        };
        context.diagnostics.add({.id = "FL0101",
                                 .place = name.place,
                                 .message = fmt::format("\"{}\" is claimed by {} and {} on listener \"{}\"", name.name,
                                                        title(*first->second.first), title(host), listener.name),
                                 .notes = {{first->second.second->place, "the first claim is here"}},
                                 .help = "remove it from one of them, or let them listen on different listeners"});
      }
    }
  }
}

void check_coverage(LoadContext& context, const Config& config) {
  if (config.listeners.empty()) {
    context.report("FL0107", {.file = 0}, "nothing listens: there is no [listen.NAME]",
                   "add [listen.web] with address = \":8080\"");
    return;
  }
  for (const Listener& listener : config.listeners) {
    const bool served = std::ranges::any_of(config.hosts, [&](const Host& host) {
      return std::ranges::find(host.listen, listener.name) != host.listen.end();
    });
    if (served) continue;
    context.diagnostics.add({.id = "FL0107",
                             .place = listener.place,
                             .message = fmt::format("listener \"{}\" serves no host", listener.name),
                             .help = "add [[route]] for any host, or name it in a host's \"listen\""});
  }
}

void check_level(LoadContext& context, Node& table) {
  check_headers(context, table);
  check_answers(context, table);
  check_compress(context, table);
  check_access(context, table);
  check_auth(context, table);
}

}  // namespace

void read_hosts(LoadContext& context, Node& document, Config& config, bool complete) {
  for (const std::string_view kind : {"preset", "host"}) {
    Member* tables = document.member(kind);
    if (tables == nullptr) continue;
    for (Member& member : tables->value.members) {
      check_level(context, member.value);
      if (Member* routes = member.value.member("route")) {
        for (Node& route : routes->value.items) check_level(context, route);
      }
    }
  }
  if (Member* routes = document.member("route")) {
    for (Node& route : routes->value.items) check_level(context, route);
  }
  HostReader reader(context, document, config);
  reader.read_all();
  check_claims(context, config);
  if (!complete) return;
  check_coverage(context, config);
  reader.warn_unused();
}

}  // namespace flare::server::config
