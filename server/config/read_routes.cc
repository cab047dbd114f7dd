#include "server/config/read_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "flare/base/ascii.h"
#include "flare/handlers/redirect.h"
#include "server/config/nearest.h"
#include "server/config/read_proxy.h"
#include "server/config/read_websocket.h"
#include "server/config/units.h"

namespace flare::server::config {
namespace {

constexpr std::array<std::string_view, 6> kActions{"respond", "redirect", "static", "proxy", "websocket", "hub"};
constexpr std::array<std::string_view, 9> kMethods{"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                                   "CONNECT", "OPTIONS", "TRACE", "PATCH"};

// What to write instead of a path that is no pattern; "" where the error says it.
std::string help_for(std::string_view path) {
  if (!path.starts_with('/')) return fmt::format("write \"/{}\"", path);
  if (path.contains("/**/")) return "use \"*\" for one segment in the middle";
  if (path.contains('?')) return "match the query with query = { name = \"value\" }";
  if (path.contains('*')) return "there are no patterns within a segment; a literal * is written %2A";
  return {};
}

class RouteReader {
 public:
  RouteReader(LoadContext& context, const Node& table, Route& route, CheckedPath& path)
      : context_(context), table_(table), route_(route), path_(path) {}

  void read(std::string_view host) {
    route_.place = context_.sources.place(table_.at);
    path_.valid = !table_.bad;
    read_params();
    read_path();
    read_methods();
    read_named("header", route_.headers);
    read_named("query", route_.queries);
    read_named("cookie", route_.cookies);
    read_from();
    for (const Node* node : elements(table_.find("scheme"))) route_.schemes.push_back(node->text);
    read_action();
    refuse_without_files();
    refuse_without_proxy();
    refuse_without_sessions();
    if (const Node* id = table_.find("id")) {
      route_.id = id->text;
      route_.id_origin = context_.origin(*id);
    } else {
      route_.id = fmt::format("{}:{}{}{}", host, fmt::join(route_.methods, ","), route_.methods.empty() ? "" : " ",
                              *route_.path);
    }
  }

 private:
  void fail(std::string_view id, const Location& at, std::string message, std::string help = {},
            std::vector<Note> notes = {}) {
    path_.valid = false;
    context_.report(id, at, std::move(message), std::move(help), std::move(notes));
  }

  void read_params() {
    const Node* params = table_.find("params");
    if (params == nullptr) return;
    using enum ParamKind;
    for (const Member& member : params->members) {
      for (const ParamKind kind : {kInt, kUuid, kSlug, kHex}) {
        if (!member.value.bad && to_string(kind) == member.value.text) route_.params.push_back({member.key, kind});
      }
    }
  }

  void read_path() {
    const Node* path = table_.find("path");
    if (path == nullptr) {
      path_.valid = false;
      return;
    }
    route_.path = {path->text, context_.origin(*path)};
    path_.path_at = path->at;
    auto parsed = http::RoutePattern::parse(path->text);
    if (!parsed) {
      return fail("FL0105", path->at, fmt::format("path {}: {}", shown(*path), parsed.error()), help_for(path->text));
    }
    path_.pattern = std::move(*parsed);
    for (const Param& param : route_.params) {
      const auto type = http::parse_param_type(to_string(param.kind));
      // A name that the path does not capture is reported below.
      if (type) static_cast<void>(path_.pattern->set_param_type(param.name, *type));
    }
    const Node* params = table_.find("params");
    if (params == nullptr) return;
    for (const Member& member : params->members) {
      if (!path_.pattern->has_param(member.key)) no_such_param(member.key_at, "params", member.key);
    }
  }

  void no_such_param(const Location& at, std::string_view what, std::string_view name) {
    std::vector<std::string_view> names;
    for (const http::RoutePattern::Segment& segment : path_.pattern->segments()) {
      if (http::is_param(segment.kind)) names.push_back(segment.text);
    }
    std::string help = did_you_mean(name, names);
    if (help.empty()) help = names.empty() ? "the path has no \":name\" segment" : "the path has " + quoted_list(names);
    fail("FL0106", at, fmt::format("{} names \"{}\", which the path {} does not capture", what, name, *route_.path),
         help, {{route_.path.origin.place, "the path is here"}});
  }

  void read_methods() {
    constexpr std::size_t kLongestMethod = 32;
    for (const Node* node : elements(table_.find("method"))) {
      std::string upper = node->text;
      std::ranges::transform(upper, upper.begin(),
                             [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
      const bool known = std::ranges::find(kMethods, upper) != kMethods.end();
      if (!ascii::is_token(node->text) || node->text.size() > kLongestMethod || (known && upper != node->text)) {
        fail("FL0003", node->at, fmt::format("{} is not a method", shown(*node)),
             known ? fmt::format("methods are case-sensitive: write \"{}\"", upper) : did_you_mean(upper, kMethods));
      } else {
        route_.methods.push_back(node->text);
      }
    }
    refuse_empty("method", route_.methods.empty());
  }

  // An empty list would match nothing; whoever writes it means "all", which is no matcher.
  void refuse_empty(std::string_view key, bool empty) {
    const Node* node = table_.find(key);
    if (node == nullptr || !empty || !node->items.empty() || node->kind != Node::Kind::kArray) return;
    fail("FL0003", node->at, fmt::format("\"{}\" is an empty list: the route would match nothing", key),
         fmt::format("leave \"{}\" out to match all", key));
  }

  void read_named(std::string_view key, std::vector<NamedMatch>& out) {
    const Node* matchers = table_.find(key);
    if (matchers == nullptr) return;
    for (const Member& member : matchers->members) {
      if (key == "header" && !ascii::is_token(member.key)) {
        fail("FL0003", member.key_at, fmt::format("\"{}\" is not a field name", member.key),
             "letters, digits and - only");
        continue;
      }
      NamedMatch match{.name = member.key};
      for (const Node* value : elements(&member.value)) {
        match.values.push_back(value->text);
        match.secret = match.secret || value->secret;
      }
      if (member.value.bad || match.values.empty()) {
        path_.valid = false;
        if (!member.value.bad)
          fail("FL0003", member.value.at, fmt::format("{}.{} has no value to match", key, member.key),
               "name at least one");
        continue;
      }
      out.push_back(std::move(match));
    }
  }

  void read_from() {
    for (const Node* node : elements(table_.find("from"))) {
      if (const auto network = net::Cidr::try_parse(node->text)) {
        route_.from.push_back(*network);
      } else {
        fail("FL0003", node->at, fmt::format("{} is not a network", shown(*node)),
             "write \"10.0.0.0/8\", \"2001:db8::/32\" or one address; the bits after the prefix are zero");
      }
    }
    refuse_empty("from", route_.from.empty());
    refuse_empty("scheme", route_.schemes.empty());
  }

  void read_action() {
    const Member* found = nullptr;
    bool broken = table_.bad;
    for (const Member& member : table_.members) {
      broken = broken || member.value.bad;
      if (std::ranges::find(kActions, member.key) == kActions.end()) continue;
      if (found != nullptr) {
        fail("FL0104", member.key_at, fmt::format("route has both \"{}\" and \"{}\"", found->key, member.key),
             "one action answers a request: make two routes of it, or remove one",
             {{context_.sources.place(found->key_at), "the other action is here"}});
      } else {
        found = &member;
      }
    }
    if (found == nullptr) {
      // An unknown key may have been meant as the action, and is reported already.
      if (!broken)
        fail("FL0104", table_.at, "route has no action", fmt::format("add one of {}", quoted_list(kActions)));
      path_.valid = false;
      return;
    }
    route_.action_origin = context_.origin(found->value);
    if (found->value.bad || found->value.kind != Node::Kind::kTable) return;
    if (found->key == "respond") return read_respond(found->value);
    if (found->key == "redirect") return read_redirect(found->value);
    if (found->key == "proxy") {
      if (auto proxy = read_proxy(context_, found->value)) route_.action = std::move(*proxy);
      return;
    }
    if (found->key == "websocket") {
      if (auto websocket = read_websocket(context_, table_, found->value)) route_.action = std::move(*websocket);
      return;
    }
    if (found->key == "hub") {
      if (auto hub = read_hub(context_, table_, found->value)) route_.action = std::move(*hub);
      return;
    }
    read_static(found->value);
  }

  void read_respond(const Node& table) {
    Respond respond;
    if (const Node* status = table.find("status")) respond.status = static_cast<int>(status->integer);
    if (const Node* type = table.find("type")) respond.type = type->text;
    if (const Node* text = table.find("text")) respond.text = {text->text, text->secret};
    if (std::ranges::any_of(respond.type, ascii::is_control)) {
      fail("FL0003", table.find("type")->at, "respond.type cannot be sent in a field",
           "no line breaks or control characters");
    }
    if ((respond.status == 204 || respond.status == 304) && !respond.text.text.empty()) {
      fail("FL0003", table.find("text")->at, fmt::format("a response with status {} has no content", respond.status),
           "remove \"text\" or choose another status");
    }
    route_.action = std::move(respond);
  }

  void read_redirect(const Node& table) {
    Redirect redirect;
    if (const Node* status = table.find("status")) redirect.status = static_cast<int>(status->integer);
    const Node* to = table.find("to");
    if (to == nullptr) return;
    redirect.to = to->text;
    redirect.secret = to->secret;
    if (to->text.empty() || std::ranges::any_of(to->text, [](char c) { return ascii::is_control(c) || c == ' '; })) {
      fail("FL0003", to->at, "redirect.to is not a location",
           "write a URL or a path, without blanks and control characters");
    }
    check_placeholders(*to);
    check_target(*to, redirect);
    route_.action = std::move(redirect);
  }

  // What the handler would refuse when it is made, said with its place like everything else.
  void check_target(const Node& to, const Redirect& redirect) {
    if (!path_.valid) return;
    try {
      static_cast<void>(handlers::Redirect(redirect.to, static_cast<http::Status>(redirect.status)));
    } catch (const handlers::RedirectError& error) {
      fail("FL0003", to.at, to.secret ? "redirect.to is not a location" : error.what(),
           "write a path (\"/new/{tail}\") or a URL (\"https://www.example.com{path}\")");
    }
  }

  void check_placeholders(const Node& to) {
    constexpr std::string_view kParam = "param.";
    constexpr std::array<std::string_view, 4> kPlaceholders{"path", "tail", "query", "host"};
    for (std::string_view rest = to.text; rest.contains('{');) {
      rest.remove_prefix(rest.find('{') + 1);
      const std::string_view name = rest.substr(0, rest.find('}'));
      if (name.starts_with(kParam)) {
        const std::string_view param = name.substr(kParam.size());
        if (path_.valid && !path_.pattern->has_param(param)) no_such_param(to.at, "redirect.to", param);
      } else if (std::ranges::find(kPlaceholders, name) == kPlaceholders.end()) {
        std::string help = did_you_mean(name, kPlaceholders);
        if (help.empty()) help = "there are {path}, {tail}, {query}, {host} and {param.NAME}";
        fail("FL0003", to.at, fmt::format("unknown placeholder \"{{{}}}\" in redirect.to", name), help);
      } else if (name == "tail" && path_.valid && !path_.pattern->has_tail()) {
        fail("FL0106", to.at,
             fmt::format("redirect.to names {{tail}}, but the path {} does not end in \"/**\"", *route_.path),
             "use {path}, or end the path in \"/**\"", {{route_.path.origin.place, "the path is here"}});
      }
    }
  }

  // M10: without "/**" a route is one file, by the name that its path spells out.
  void refuse_many_names(const Node& table) {
    if (!path_.valid || path_.pattern->has_tail()) return;
    const auto is_open = [](const http::RoutePattern::Segment& segment) {
      return http::is_param(segment.kind) || segment.kind == http::SegmentKind::kAny;
    };
    if (!std::ranges::any_of(path_.pattern->segments(), is_open)) return;
    fail("FL0105", table.at, fmt::format("static serves one file here, but the path {} stands for many", *route_.path),
         "end the path in \"/**\" to serve a folder, or write out the file's name",
         {{route_.path.origin.place, "the path is here"}});
  }

  void read_static(const Node& table) {
    refuse_many_names(table);
    StaticFiles files;
    if (const Node* root = table.find("root")) {
      files.root = context_.resolve(root->at, root->text);
      files.root_place = context_.sources.place(root->at);
    }
    handlers::StaticOptions& options = files.options;
    if (const Node* index = table.find("index")) {
      options.index.clear();
      for (const Node* name : elements(index)) {
        if (name->text.empty() || name->text.contains('/') || name->text.starts_with("..")) {
          fail("FL0003", name->at, fmt::format("{} is not a file name", shown(*name)),
               "a name without \"/\", such as \"index.html\"");
        } else {
          options.index.push_back(name->text);
        }
      }
    }
    if (const Node* fallback = table.find("fallback")) read_fallback(*fallback, options);
    for (const Node* ending : elements(table.find("precompressed"))) {
      if (std::ranges::find(options.precompressed, ending->text) == options.precompressed.end())
        options.precompressed.push_back(ending->text);
    }
    using handlers::EtagFrom, handlers::ListFormat, handlers::Symlinks;
    read_word(table.find("list"), options.list, {ListFormat::kOff, ListFormat::kHtml, ListFormat::kJson});
    read_word(table.find("symlinks"), options.symlinks,
              {Symlinks::kNever, Symlinks::kSameOwner, Symlinks::kInsideRoot});
    read_word(table.find("etag"), options.etag, {EtagFrom::kTime, EtagFrom::kContent});
    if (const Node* dotfiles = table.find("dotfiles")) options.dotfiles = dotfiles->text == "allow";
    if (const Node* cache = table.find("cache"))
      options.cache = static_cast<std::size_t>(parse_size(cache->text).value_or(0));
    if (const Node* count = table.find("open_files")) options.open_files = static_cast<std::size_t>(count->integer);
    if (const Node* count = table.find("list_entries")) options.list_entries = static_cast<std::size_t>(count->integer);
    route_.action = std::move(files);
  }

  void read_fallback(const Node& node, handlers::StaticOptions& options) {
    const std::string segments = "/" + node.text + "/";
    if (node.text.empty() || segments.contains("//") || segments.contains("/../") || segments.contains("/./")) {
      return fail("FL0003", node.at, fmt::format("{} is not the path of a file below the root", shown(node)),
                  "such as \"index.html\": no slash at its ends, no dots");
    }
    options.fallback = node.text;
  }

  template <class Word>
  static void read_word(const Node* node, Word& value, std::initializer_list<Word> words) {
    if (node == nullptr) return;
    for (const Word word : words) {
      if (to_string(word) == node->text) value = word;
    }
  }

  // What only files have, asked of a route that has none, would be ignored.
  void refuse_without_files() {
    const Node* rules = table_.find("cache_control");
    if (rules == nullptr || table_.bad || table_.member("static") != nullptr) return;
    fail("FL0003", rules->at, "cache_control is for routes with \"static\"",
         "set the field with headers = { set = { Cache-Control = \"...\" } }");
  }

  void refuse_without_proxy() {
    const Node* headers = table_.find("headers");
    const Node* request =
        headers != nullptr && headers->kind == Node::Kind::kTable ? headers->find("request") : nullptr;
    if (request == nullptr || table_.bad || table_.member("proxy") != nullptr) return;
    fail("FL0003", request->at, "headers.request is for routes with \"proxy\"",
         "nobody else gets the request; headers.set and headers.unset change the answer");
  }

  void refuse_without_sessions() {
    const Member* const ws = table_.member("ws");
    if (ws == nullptr || table_.bad || table_.member("websocket") != nullptr || table_.member("hub") != nullptr) return;
    fail("FL0003", ws->key_at, "ws is for routes with \"websocket\" or \"hub\"",
         "WebSockets behind a proxy are the server's; proxy.timeout.tunnel_idle ends those that are silent");
  }

  LoadContext& context_;
  const Node& table_;
  Route& route_;
  CheckedPath& path_;
};

}  // namespace

Route read_route(LoadContext& context, const Node& table, std::string_view host, CheckedPath& path) {
  Route route;
  RouteReader(context, table, route, path).read(host);
  return route;
}

}  // namespace flare::server::config
