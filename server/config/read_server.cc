#include "server/config/read_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "flare/base/ascii.h"
#include "flare/base/exception.h"
#include "server/config/nearest.h"
#include "server/config/read_access.h"
#include "server/config/read_congestion.h"
#include "server/config/units.h"

namespace flare::server::config {
namespace {

const Node* find(const Node& document, std::string_view table, std::string_view key) {
  const Node* found = document.find(table);
  return found == nullptr ? nullptr : found->find(key);
}

void read_addresses(LoadContext& context, const Node& table, Listener& listener) {
  const Node* address = table.find("address");
  if (address == nullptr) return;
  listener.address_origin = context.origin(*address);
  for (const Node* node : elements(address)) {
    try {
      net::Endpoint endpoint = net::Endpoint::parse(node->text);
      if (const net::UnixPath* unix_path = endpoint.unix_path()) {
        endpoint = net::Endpoint::parse("unix:" + context.resolve(node->at, unix_path->path));
      }
      listener.addresses.push_back({endpoint, node->text, context.sources.place(node->at)});
    } catch (const AddressParseError&) {
      context.report("FL0003", node->at, fmt::format("{} is not an address to listen on", shown(*node)),
                     "write \"127.0.0.1:8080\", \"[::1]:8080\", \":8080\" or \"unix:/run/app.sock\"");
    }
  }
  if (elements(address).empty() && address->items.empty()) {
    context.report("FL0003", address->at, fmt::format("[listen.{}] has no address", listener.name),
                   "name at least one, such as \":8080\"");
  }
}

void read_mode(LoadContext& context, const Node& table, Listener& listener) {
  const Node* node = table.find("mode");
  if (node == nullptr) return;
  unsigned mode = 0;
  const std::string& text = node->text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || mode > 0777) {
    return context.report("FL0003", node->at, fmt::format("{} is not a file mode", shown(*node)), "write \"0660\"");
  }
  listener.mode = {mode, context.origin(*node)};
}

/// A list that names nobody, not one whose members were refused.
bool names_nobody(const Node* list) {
  return list == nullptr || (list->kind == Node::Kind::kArray && list->items.empty());
}

template <class Enum>
Enum from_word(std::string_view word, std::initializer_list<Enum> all) {
  return *std::ranges::find_if(all, [&](Enum value) { return to_string(value) == word; });
}

void read_proxy_protocol(LoadContext& context, const Node& table, Listener& listener) {
  using enum http::ProxyProtocol;
  const Node* mode = table.find("proxy_protocol");
  const Node* from = table.find("proxy_from");
  if (from != nullptr) listener.proxy_from = {read_peers(context, *from), context.origin(*from)};
  if (mode != nullptr) {
    listener.proxy_protocol = {from_word(mode->text, {kOff, kAccept, kRequire}), context.origin(*mode)};
  }
  if (*listener.proxy_protocol != kOff && names_nobody(from)) {
    context.report("FL0503", mode->at, fmt::format("[listen.{}] has proxy_protocol without proxy_from", listener.name),
                   "name the proxies whose word counts: proxy_from = [\"10.1.0.0/24\"], or [\"unix\"]");
  } else if (from != nullptr && *listener.proxy_protocol == kOff) {
    context.diagnostics.add(
        {.id = "FL0503",
         .severity = Severity::kWarning,
         .place = context.sources.place(from->at),
         .message = fmt::format("[listen.{}] has proxy_from, but reads no PROXY header", listener.name),
         .notes = {},
         .help = "add proxy_protocol = \"require\", or remove it"});
  }
}

void read_protocols(LoadContext& context, const Node& list, Listener& listener) {
  listener.protocols = {{}, context.origin(list)};
  for (const Node* node : elements(&list)) listener.protocols.value.push_back(node->text);
  if (names_nobody(&list))
    context.report("FL0003", list.at, fmt::format("[listen.{}] offers no protocol", listener.name),
                   "write protocols = [\"h1\"]");
}

std::vector<LogTarget> read_targets(LoadContext& context, const Node& list) {
  constexpr std::string_view kFile = "file:";
  std::vector<LogTarget> targets;
  for (const Node* node : elements(&list)) {
    if (node->text == "stdout") {
      targets.push_back({});
    } else if (node->text == "stderr") {
      targets.push_back({.kind = LogTarget::Kind::kStderr});
    } else if (node->text.starts_with(kFile) && node->text.size() > kFile.size()) {
      const auto path = std::string_view(node->text).substr(kFile.size());
      targets.push_back({.kind = LogTarget::Kind::kFile, .path = context.resolve(node->at, path)});
    } else {
      constexpr std::array<std::string_view, 2> kWords{"stdout", "stderr"};
      std::string help = did_you_mean(node->text, kWords);
      if (help.empty()) help = "write \"stdout\", \"stderr\" or \"file:PATH\"";
      context.report("FL0003", node->at, fmt::format("{} is no place for a log", shown(*node)), help);
    }
  }
  return targets;
}

}  // namespace

void read_server(LoadContext& context, const Node& document, ServerSettings& server) {
  if (const Node* node = find(document, "server", "workers")) {
    const bool number = node->kind == Node::Kind::kInteger;
    server.workers = {number ? std::optional(static_cast<unsigned>(node->integer)) : std::nullopt,
                      context.origin(*node)};
  }
  if (const Node* node = find(document, "server", "pin")) {
    Pin pin;
    if (node->kind == Node::Kind::kString) {
      pin.mode = node->text == "off" ? Pin::Mode::kOff : Pin::Mode::kAuto;
    } else {
      pin.mode = Pin::Mode::kCores;
      for (const Node* core : elements(node)) pin.cores.push_back(static_cast<unsigned>(core->integer));
      if (node->kind == Node::Kind::kArray && node->items.empty()) {
        context.report("FL0003", node->at, "\"pin\" names no core", "write pin = \"off\", or the cores: [0, 2]");
      }
    }
    server.pin = {std::move(pin), context.origin(*node)};
  }
  if (const Node* node = find(document, "server", "utf8")) {
    server.utf8 = {from_word(node->text, {http::Utf8Policy::kStrict, http::Utf8Policy::kOpaque}),
                   context.origin(*node)};
  }
  if (const Node* node = find(document, "server", "server_header")) {
    const bool clean =
        std::ranges::none_of(node->text, ascii::is_control) && ascii::trim(node->text).size() == node->text.size();
    if (!clean) {
      context.report("FL0003", node->at, "server_header cannot be sent in a field",
                     "no line breaks or control characters, no blanks at its ends");
    } else {
      server.server_header = {{node->text, node->secret}, context.origin(*node)};
    }
  }
  if (const Node* node = find(document, "server", "trusted_proxies"))
    server.trusted_proxies = {read_peers(context, *node), context.origin(*node)};
}

void read_listeners(LoadContext& context, const Node& document, std::vector<Listener>& listeners) {
  const Node* tables = document.find("listen");
  if (tables == nullptr) return;
  for (const Member& member : tables->members) {
    if (member.value.kind != Node::Kind::kTable) continue;
    Listener listener{.name = member.key, .place = context.sources.place(member.key_at)};
    read_addresses(context, member.value, listener);
    read_mode(context, member.value, listener);
    read_proxy_protocol(context, member.value, listener);
    if (const Node* node = member.value.find("tls")) listener.tls = {node->boolean, context.origin(*node)};
    if (const Node* node = member.value.find("protocols")) read_protocols(context, *node, listener);
    if (const Node* node = member.value.find("backlog")) {
      listener.backlog = {static_cast<int>(node->integer), context.origin(*node)};
    }
    if (const Node* node = member.value.find("congestion")) read_congestion(context, *node, listener);
    listeners.push_back(std::move(listener));
  }
}

void read_log(LoadContext& context, const Node& document, LogSettings& log) {
  const Node* tables = document.find("log");
  if (tables == nullptr) return;
  if (const Node* to = find(*tables, "access", "to")) log.access_to = {read_targets(context, *to), context.origin(*to)};
  if (const Node* to = find(*tables, "error", "to")) log.error_to = {read_targets(context, *to), context.origin(*to)};
  if (const Node* format = find(*tables, "access", "format")) {
    log.access_format = {from_word(format->text, {AccessFormat::kJson, AccessFormat::kCombined}),
                         context.origin(*format)};
  }
  if (const Node* level = find(*tables, "error", "level")) {
    using enum LogLevel;
    log.error_level = {from_word(level->text, {kTrace, kDebug, kInfo, kWarn, kError}), context.origin(*level)};
  }
}

void read_drain(LoadContext& context, const Node& document, Config& config) {
  if (const Node* node = find(document, "drain", "timeout")) {
    config.drain_timeout = {parse_duration(node->text).value_or(std::chrono::milliseconds::zero()),
                            context.origin(*node)};
  }
  config.ws_spread.value = std::min(*config.ws_spread, *config.drain_timeout / 2);
  const Node* const spread = find(document, "drain", "ws_spread");
  if (spread == nullptr) return;
  config.ws_spread = {parse_duration(spread->text).value_or(std::chrono::milliseconds::zero()),
                      context.origin(*spread)};
  if (*config.ws_spread < *config.drain_timeout || config.ws_spread->count() == 0) return;
  context.report("FL0603", spread->at,
                 fmt::format("drain.ws_spread ({}) is not shorter than drain.timeout ({})",
                             format_duration(*config.ws_spread), format_duration(*config.drain_timeout)),
                 "connections that are still open at drain.timeout are cut off: make it longer, or the spread shorter");
}

}  // namespace flare::server::config
