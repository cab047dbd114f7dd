#include "server/config/read_auth.h"

#include <fmt/format.h>

#include <algorithm>

#include "flare/base/ascii.h"
#include "flare/handlers/access/password_file.h"
#include "server/config/read_upstreams.h"
#include "server/config/units.h"

namespace flare::server::config {
namespace {

bool is_table(const Node* node) { return node != nullptr && node->kind == Node::Kind::kTable; }

void check_token(LoadContext& context, const Node& node, const char* what) {
  if (node.bad || node.kind != Node::Kind::kString || ascii::is_token(node.text)) return;
  context.report("FL0003", node.at, fmt::format("{} is no {}", shown(node), what), "letters, digits and - only");
}
void check_tokens(LoadContext& context, const Node* list, const char* what) {
  for (const Node* node : elements(list)) check_token(context, *node, what);
}

void check_basic(LoadContext& context, const Node& basic) {
  const Node* const realm = basic.find("realm");
  if (realm != nullptr && std::ranges::any_of(realm->text, ascii::is_control))
    context.report("FL0003", realm->at, "auth.basic.realm holds a control character", "one line of text");
  const Node* const path = basic.find("users_file");
  if (path == nullptr || path->bad) return;
  const std::string file = context.resolve(path->at, path->text);
  const auto text = context.files.read(file);
  if (!text) {
    return context.report("FL0007", path->at, fmt::format("{} cannot be read: {}", shown(*path), text.error()),
                          "make it with 'htpasswd -Bc FILE NAME', readable for flared");
  }
  try {
    static_cast<void>(handlers::PasswordFile::parse(*text, file));
  } catch (const handlers::PasswordFileError& error) {
    context.report("FL0003", path->at, error.what());
  }
}

/// What an answer's field may be named that becomes one of the request: none that says how the request is sent.
void check_copied(LoadContext& context, const Node* list) {
  constexpr std::array<std::string_view, 7> kFraming{"Connection", "Content-Length",    "Host",   "Keep-Alive",
                                                     "TE",         "Transfer-Encoding", "Upgrade"};
  check_tokens(context, list, "field name");
  for (const Node* node : elements(list)) {
    if (std::ranges::none_of(kFraming, [&](std::string_view name) { return ascii::iequals(name, node->text); }))
      continue;
    context.report("FL0003", node->at, fmt::format("{} cannot be copied: it frames the request", shown(*node)),
                   "name fields that say who asks, such as \"X-User\"");
  }
}

void check_forward(LoadContext& context, const Node& forward) {
  const Node* const to = forward.find("to");
  if (to != nullptr && !to->bad && is_server_url(to->text)) static_cast<void>(implied_upstream(context, *to));
  const Node* const path = forward.find("path");
  const auto visible = [](char c) { return c > ' ' && c != 0x7F && c != '#'; };
  if (path != nullptr && !path->bad && (!path->text.starts_with('/') || !std::ranges::all_of(path->text, visible)))
    context.report("FL0003", path->at, fmt::format("auth.forward.path {} is no path", shown(*path)),
                   "such as \"/verify\"");
  check_copied(context, forward.find("copy"));
}

void check_cors(LoadContext& context, const Node& cors) {
  if (cors.kind == Node::Kind::kBoolean && cors.boolean && !cors.bad) {
    context.report("FL0003", cors.at, "\"cors\" needs to know which origins",
                   "write cors = { origins = [\"https://app.example.com\"] }");
  }
  if (cors.kind != Node::Kind::kTable) return;
  bool any = false;
  for (const Node* origin : elements(cors.find("origins"))) {
    any = any || origin->text == "*";
    const char* const wrong = handlers::check_cors_origin(origin->text);
    if (wrong == nullptr) continue;
    context.report("FL0003", origin->at, fmt::format("{} is no origin: {}", shown(*origin), wrong),
                   "write \"https://app.example.com\", \"https://*.example.com\" or \"*\"");
  }
  const Node* const credentials = cors.find("credentials");
  if (any && credentials != nullptr && credentials->boolean) {
    context.report("FL0003", credentials->at, "\"credentials\" with the origin \"*\": browsers refuse that",
                   "list the origins");
  }
  for (const char* key : {"methods", "headers", "expose"}) check_tokens(context, cors.find(key), "name");
}

std::vector<std::string> texts(const Node& list) {
  std::vector<std::string> all;
  for (const Node* node : elements(&list)) all.push_back(node->text);
  return all;
}

/// As it was when it was checked, which has reported what there is to report.
ProxyTarget target_of(const LoadContext& context, const Node& to) {
  ProxyTarget target{.to = to.text, .implied = nullptr};
  if (!is_server_url(to.text)) return target;
  Diagnostics unheard;
  LoadContext again{context.files, context.sources, unheard};
  if (auto upstream = implied_upstream(again, to))
    target.implied = std::make_shared<const Upstream>(std::move(*upstream));
  return target;
}

}  // namespace

void check_auth(LoadContext& context, Node& table) {
  if (const Node* cors = table.find("cors")) check_cors(context, *cors);
  const Node* const auth = table.find("auth");
  if (auth == nullptr) return;
  if (auth->kind == Node::Kind::kBoolean && auth->boolean && !auth->bad) {
    context.report("FL0003", auth->at, "\"auth\" needs to know how",
                   "write auth = { basic = { users_file = \"...\" } }, or auth = { forward = { to = \"...\" } }");
  }
  if (auth->kind != Node::Kind::kTable) return;
  const Node* const basic = auth->find("basic");
  const Node* const forward = auth->find("forward");
  if (is_table(basic)) check_basic(context, *basic);
  if (is_table(forward)) check_forward(context, *forward);
  if (is_table(basic) && is_table(forward)) {
    context.report("FL0003", forward->at, "\"auth\" has both \"basic\" and \"forward\"",
                   "keep one; the server that \"forward\" asks may ask for passwords itself");
  }
}

void apply_auth(const LoadContext& context, AuthSettings& auth, const Node& table, std::string_view via) {
  const Node* const from = table.find("auth");
  if (from == nullptr) return;
  if (from->kind == Node::Kind::kBoolean) {
    auth.kind = {AuthSettings::Kind::kNone, context.origin(*from, via)};
    return;
  }
  const auto take = [&](const Node& in, const char* key, auto& value, auto convert) {
    if (const Node* node = in.find(key)) value = {convert(*node), context.origin(*node, via)};
  };
  if (const Node* basic = from->find("basic")) {
    auth.kind = {AuthSettings::Kind::kBasic, context.origin(*basic, via)};
    take(*basic, "realm", auth.realm, [](const Node& node) { return node.text; });
    take(*basic, "users_file", auth.users_file, [&](const Node& node) { return context.resolve(node.at, node.text); });
    take(*basic, "cache", auth.cache,
         [](const Node& node) { return parse_duration(node.text).value_or(std::chrono::milliseconds()); });
  }
  if (const Node* forward = from->find("forward")) {
    auth.kind = {AuthSettings::Kind::kForward, context.origin(*forward, via)};
    take(*forward, "to", auth.to, [&](const Node& node) { return target_of(context, node); });
    take(*forward, "path", auth.path, [](const Node& node) { return node.text; });
    take(*forward, "copy", auth.copy, texts);
  }
}

void apply_cors(const LoadContext& context, CorsSettings& cors, const Node& table, std::string_view via) {
  const Node* const from = table.find("cors");
  if (from == nullptr) return;
  cors.on = {from->kind == Node::Kind::kTable, context.origin(*from, via)};
  if (!*cors.on) return;
  const auto take = [&](const char* key, auto& value, auto convert) {
    if (const Node* node = from->find(key)) value = {convert(*node), context.origin(*node, via)};
  };
  take("origins", cors.origins, texts);
  take("methods", cors.methods, texts);
  take("headers", cors.headers, texts);
  take("expose", cors.expose, texts);
  take("credentials", cors.credentials, [](const Node& node) { return node.boolean; });
  take("max_age", cors.max_age,
       [](const Node& node) { return parse_duration(node.text).value_or(std::chrono::milliseconds()); });
}

}  // namespace flare::server::config
