#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "server/config/docs.h"
#include "server/config/keys.h"

namespace flare::server::config {
namespace {

using Json = nlohmann::ordered_json;

// "@env:" and "@file:" may stand for any string.
constexpr std::string_view kSizePattern = "^([0-9]+(B|KiB|MiB|GiB)|@(env|file):.+)$";
constexpr std::string_view kByteRatePattern = "^([0-9]+(B|KiB|MiB|GiB)/s|@(env|file):.+)$";
constexpr std::string_view kRatePattern = "^([0-9]+/(s|m|h)|@(env|file):.+)$";
constexpr std::string_view kDurationPattern = "^([0-9]+(ms|s|m|h|d)|@(env|file):.+)$";

Json closed_table() { return {{"type", "object"}, {"properties", Json::object()}, {"additionalProperties", false}}; }

Json word_list(const Key& key) {
  Json words = Json::array();
  for (const std::string_view word : words_of(key)) {
    words.push_back(key.type == Type::kIntWord ? Json(std::stoi(std::string(word))) : Json(word));
  }
  return words;
}

Json integer(const Key& key) {
  Json schema{{"type", "integer"}, {"minimum", key.min}};
  if (key.max != std::numeric_limits<std::int64_t>::max()) schema["maximum"] = key.max;
  return schema;
}

Json one_value(const Key& key) {
  switch (key.type) {
    case Type::kBool: return {{"type", "boolean"}};
    case Type::kInt: return integer(key);
    case Type::kString: return {{"type", "string"}};
    case Type::kIntWord:
    case Type::kWord: return {{"enum", word_list(key)}};
    case Type::kSize: return {{"type", "string"}, {"pattern", kSizePattern}};
    case Type::kByteRate: return {{"type", "string"}, {"pattern", kByteRatePattern}};
    case Type::kDuration: return {{"type", "string"}, {"pattern", kDurationPattern}};
    case Type::kRate: return {{"type", "string"}, {"pattern", kRatePattern}};
    case Type::kPreset: return {{"$ref", "#/$defs/preset"}};
    case Type::kHost: return {{"$ref", "#/$defs/host"}};
    case Type::kRoutes: return {{"type", "array"}, {"items", {{"$ref", "#/$defs/route"}}}};
    case Type::kTables: return {{"type", "array"}, {"items", closed_table()}};
  }
  return {};
}

Json value_schema(const Key& key) {
  const Json one = one_value(key);
  Json alternatives = Json::array({one});
  if (key.type == Type::kInt && !key.words.empty()) alternatives.push_back(Json{{"enum", word_list(key)}});
  if (key.shape == Shape::kOneOrList) alternatives.push_back(Json{{"type", "array"}, {"items", one}});
  Json schema = alternatives.size() == 1 ? one : Json{{"anyOf", alternatives}};
  schema["description"] = key.prose;
  if (!key.fallback.empty()) schema["default"] = Json::parse(key.fallback);
  return schema;
}

// The table that `path` without its last name leads to, made on the way; the last name remains in `path`.
Json& table_for(Json& root, std::string_view& path) {
  Json* table = &root;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    const std::string name(path.substr(0, dot));
    path.remove_prefix(dot + 1);
    Json& next = name == "*" ? (*table)["additionalProperties"] : (*table)["properties"][name];
    if (!next.is_object()) next = closed_table();
    table = next.contains("items") ? &next["items"] : &next;
  }
  return *table;
}

Json scope_schema(Scope scope) {
  Json root = closed_table();
  for (const Key& key : all_keys()) {
    if (!key.scopes.contains(scope)) continue;
    std::string_view name = key.path;
    Json& table = table_for(root, name);
    if (key.type == Type::kBool && is_key_table(scope, key.path)) continue;  // below, with its table
    if (name == "*") {
      table["additionalProperties"] = value_schema(key);
    } else {
      table["properties"][std::string(name)] = value_schema(key);
      if (key.required) table["required"].push_back(name);
    }
  }
  for (const Key& key : all_keys()) {
    if (!key.scopes.contains(scope) || key.type != Type::kBool || !is_key_table(scope, key.path)) continue;
    std::string_view name = key.path;
    Json& property = table_for(root, name)["properties"][std::string(name)];
    property = Json{{"anyOf", {one_value(key), property}}, {"description", key.prose}};
  }
  return root;
}

}  // namespace

std::string render_json_schema() {
  Json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "flare.toml"}};
  schema.update(scope_schema(Scope::kTop));
  schema["$defs"] = Json{{"preset", scope_schema(Scope::kPreset)},
                         {"host", scope_schema(Scope::kHost)},
                         {"route", scope_schema(Scope::kRoute)}};
  return schema.dump(2) + '\n';
}

}  // namespace flare::server::config
