#include "server/config/check_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "flare/base/ascii.h"
#include "server/config/keys.h"
#include "server/config/nearest.h"
#include "server/config/units.h"

namespace flare::server::config {

std::string shown(const Node& node) {
  if (node.secret) return "\"***\"";
  switch (node.kind) {
    case Node::Kind::kString: return fmt::format("\"{}\"", node.text);
    case Node::Kind::kInteger: return std::to_string(node.integer);
    case Node::Kind::kBoolean: return node.boolean ? "true" : "false";
    case Node::Kind::kTable:
    case Node::Kind::kArray:
    case Node::Kind::kFloat:
    case Node::Kind::kTime: return std::string(describe(node.kind));
  }
  return {};
}

namespace {

std::string join(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

// Where a table stands: for lookup (`path` in `scope`, names as "*") and for people (`title`, "host.www.limits").
struct Position {
  Scope scope;
  std::string path;
  std::string title;

  [[nodiscard]] std::string in() const { return title.empty() ? "at the top level" : fmt::format("in [{}]", title); }
};

// The table and the last name of a key's path.
std::pair<std::string_view, std::string_view> split(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  if (dot == std::string_view::npos) return {{}, path};
  return {path.substr(0, dot), path.substr(dot + 1)};
}

class Checker {
 public:
  explicit Checker(LoadContext& context) : context_(context) {}

  void table(Node& node, const Position& position) {
    for (Member& member : node.members) check_member(member, position);
    for (const Key& key : all_keys()) {
      if (!key.required || !key.scopes.contains(position.scope)) continue;
      const auto [parent, name] = split(key.path);
      if (parent != position.path || node.member(name) != nullptr) continue;
      context_.report("FL0003", node.at, fmt::format("[{}] has no \"{}\"", position.title, name),
                      fmt::format("add {} = ...: {}", name, key.prose));
      node.bad = true;
    }
  }

 private:
  void check_member(Member& member, const Position& position) {
    // A quoted key with dots is one name, never a path.
    const bool dotted = member.key.find('.') != std::string::npos;
    std::string path = join(position.path, dotted ? "*" : member.key);
    if (find_key(position.scope, path) == nullptr && !is_key_table(position.scope, path))
      path = join(position.path, "*");
    const Position below{position.scope, path, join(position.title, member.key)};
    const Key* key = find_key(position.scope, path);
    // A switch may also be a table: compress = true, compress = { ... }.
    const bool opened = key != nullptr && key->type == Type::kBool && member.value.kind == Node::Kind::kTable &&
                        is_key_table(position.scope, path);
    if (key != nullptr && !opened) return check_value(member, *key, below);
    if (!is_key_table(position.scope, path)) return unknown(member, position);
    if (member.value.kind != Node::Kind::kTable) {
      return wrong(member.value, fmt::format("{} must be a table, not {}", member.key, shown(member.value)),
                   fmt::format("write [{}]", below.title));
    }
    table(member.value, below);
  }

  void unknown(Member& member, const Position& position) {
    member.value.bad = true;
    const std::string_view what = member.value.kind == Node::Kind::kTable ? "table" : "key";
    const auto known = names_below(position.scope, position.path);
    std::string help = did_you_mean(member.key, known);
    if (help.empty()) help = home_of(member.key);
    if (help.empty()) help = fmt::format("known {}: {}", position.in(), quoted_list(known));
    context_.report("FL0002", member.key_at, fmt::format("unknown {} \"{}\" {}", what, member.key, position.in()),
                    help);
  }

  // Where a key of that name may stand, "" where there is none.
  static std::string home_of(std::string_view name) {
    for (const Key& key : all_keys()) {
      const auto [parent, leaf] = split(key.path);
      if (leaf != name) continue;
      std::string table = fmt::format("[{}]", parent);
      std::ranges::replace(table, '*', 'X');
      for (const Scope scope : {Scope::kTop, Scope::kHost, Scope::kRoute}) {
        if (!key.scopes.contains(scope)) continue;
        return parent.empty() ? fmt::format("\"{}\" stands {}", name, scope_name(scope))
                              : fmt::format("\"{}\" stands in {} {}", name, table, scope_name(scope));
      }
    }
    return {};
  }

  static std::string_view scope_name(Scope scope) {
    switch (scope) {
      case Scope::kTop: return "at the top level";
      case Scope::kPreset: return "in [preset.X]";
      case Scope::kHost: return "in [host.X]";
      case Scope::kRoute: return "in a route";
    }
    return "";
  }

  void check_value(Member& member, const Key& key, const Position& below) {
    Node& node = member.value;
    if (node.bad) return;
    switch (key.type) {
      case Type::kPreset: return scoped(member, {Scope::kPreset, "", below.title});
      case Type::kHost: return scoped(member, {Scope::kHost, "", below.title});
      case Type::kRoutes: return tables(member, {Scope::kRoute, "", below.title}, "a route");
      case Type::kTables: return tables(member, below, "each element");
      case Type::kBool:
      case Type::kInt:
      case Type::kIntWord:
      case Type::kString:
      case Type::kWord:
      case Type::kSize:
      case Type::kByteRate:
      case Type::kDuration:
      case Type::kRate: break;
    }
    if (node.kind != Node::Kind::kArray) return scalar(member.key, node, key, true);
    if (key.shape == Shape::kOne) {
      return wrong(node, fmt::format("\"{}\" takes one value, not a list", member.key),
                   fmt::format("write {}", example(member.key, key)));
    }
    for (Node& item : node.items) {
      if (!item.bad) scalar(member.key, item, key, false);
    }
  }

  void scoped(Member& member, const Position& position) {
    if (member.value.kind == Node::Kind::kTable) return table(member.value, position);
    wrong(member.value, fmt::format("[{}] must be a table, not {}", position.title, shown(member.value)), {});
  }

  // An array of tables; `element` names one for people.
  void tables(Member& member, const Position& position, std::string_view element) {
    const std::string help = position.path.empty() ? fmt::format("write [[{}]] for each route", position.title)
                                                   : fmt::format("write {} = [{{ ... }}, {{ ... }}]", member.key);
    if (member.value.kind != Node::Kind::kArray) {
      return wrong(member.value,
                   fmt::format("\"{}\" must be an array of tables, not {}", member.key, shown(member.value)), help);
    }
    for (Node& item : member.value.items) {
      if (item.kind == Node::Kind::kTable) {
        table(item, position);
      } else {
        wrong(item, fmt::format("{} must be a table, not {}", element, shown(item)), help);
      }
    }
  }

  void scalar(std::string_view name, Node& node, const Key& key, bool words_allowed) {
    const bool is_text = node.kind == Node::Kind::kString;
    const bool is_number = node.kind == Node::Kind::kInteger;
    switch (key.type) {
      case Type::kBool:
        if (node.kind != Node::Kind::kBoolean) mismatch(name, node, key);
        return;
      case Type::kString:
        if (!is_text) mismatch(name, node, key);
        return;
      case Type::kInt:
        if (is_number) return range(name, node, key, node.integer);
        if (!is_text || !words_allowed || !is_word(key, node.text)) mismatch(name, node, key, words_allowed);
        return;
      case Type::kIntWord:
        if (!is_number || !is_word(key, std::to_string(node.integer))) mismatch(name, node, key);
        return;
      case Type::kWord:
        if (!is_text || !is_word(key, node.text)) mismatch(name, node, key);
        return;
      case Type::kSize: {
        const auto size = is_text ? parse_size(node.text) : std::nullopt;
        return size ? range(name, node, key, *size) : no_unit(node, "a size", {"KiB", "MiB"});
      }
      case Type::kByteRate: {
        const auto rate = is_text ? parse_byte_rate(node.text) : std::nullopt;
        return rate ? range(name, node, key, *rate) : no_unit(node, "a rate", {"B/s", "KiB/s"});
      }
      case Type::kDuration: {
        const auto duration = is_text ? parse_duration(node.text) : std::nullopt;
        return duration ? range(name, node, key, duration->count()) : no_unit(node, "a duration", {"ms", "s"});
      }
      case Type::kRate: {
        const auto rate = is_text ? parse_rate(node.text) : std::nullopt;
        return rate ? range(name, node, key, *rate) : no_unit(node, "a rate", {"/s", "/m"});
      }
      case Type::kPreset:
      case Type::kHost:
      case Type::kRoutes:
      case Type::kTables: return;
    }
  }

  static bool is_word(const Key& key, std::string_view word) {
    const auto words = words_of(key);
    return std::ranges::find(words, word) != words.end();
  }

  void mismatch(std::string_view name, Node& node, const Key& key, bool words_allowed = true) {
    const auto words = words_of(key);
    std::string help = words_allowed && node.kind == Node::Kind::kString && !node.secret
                           ? did_you_mean(node.text, words)
                           : std::string();
    if (help.empty()) help = fmt::format("write {}", example(name, key));
    wrong(node, fmt::format("\"{}\" must be {}, not {}", name, with_article(key), shown(node)), help);
  }

  static std::string with_article(const Key& key) {
    const std::string type = describe_type(key);
    if (type.starts_with("one of") || type.starts_with("true")) return type;
    return fmt::format("{} {}", type.starts_with('i') ? "an" : "a", type);
  }

  static std::string example(std::string_view name, const Key& key) {
    if (!key.fallback.empty() && key.fallback != "[]" && key.fallback != "\"\"")
      return fmt::format("{} = {}", name, key.fallback);
    if (key.type == Type::kInt) return fmt::format("{} = {}", name, key.min);
    if (key.type == Type::kRate) return fmt::format("{} = \"10/s\"", name);
    return key.type == Type::kWord ? fmt::format("{} = \"{}\"", name, words_of(key).front())
                                   : fmt::format("{} = \"...\"", name);
  }

  void no_unit(Node& node, std::string_view what, std::pair<std::string_view, std::string_view> units) {
    const std::string digits = node.kind == Node::Kind::kInteger ? std::to_string(node.integer) : node.text;
    const bool plain = !digits.empty() && !node.secret && std::ranges::all_of(digits, ascii::is_digit);
    const std::string_view number = plain ? std::string_view(digits) : std::string_view("10");
    wrong(node, fmt::format("{} is not {}", shown(node), what),
          fmt::format("write \"{0}{1}\", \"{0}{2}\"", number, units.first, units.second));
  }

  void range(std::string_view name, Node& node, const Key& key, std::int64_t value) {
    if (value >= key.min && value <= key.max) return;
    const bool high = value > key.max;
    node.bad = true;
    std::string text = node.kind == Node::Kind::kInteger ? shown(node) : (node.secret ? "***" : node.text);
    context_.report("FL0004", node.at,
                    fmt::format("{} = {} {} {}", name, text, high ? "exceeds" : "is below",
                                format_bound(key, high ? key.max : key.min)),
                    fmt::format("\"{}\" may be {}", name, describe_range(key)));
  }

  void wrong(Node& node, std::string message, std::string help) {
    node.bad = true;
    context_.report("FL0003", node.at, std::move(message), std::move(help));
  }

  LoadContext& context_;
};

}  // namespace

void check_keys(LoadContext& context, Node& document) { Checker(context).table(document, {Scope::kTop, "", ""}); }

}  // namespace flare::server::config
