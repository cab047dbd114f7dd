#include "server/config/dump.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "flare/base/ascii.h"
#include "server/config/dump_model.h"

namespace flare::server::config {
namespace {

using Json = nlohmann::ordered_json;

std::string toml_key(const std::string& key) {
  const auto bare = [](char c) { return ascii::is_alnum(c) || c == '-' || c == '_'; };
  return !key.empty() && std::ranges::all_of(key, bare) ? key : toml_quote(key);
}

std::string toml_path(const std::vector<std::string>& path) {
  std::string out;
  for (const std::string& key : path) out.append(out.empty() ? "" : ".").append(toml_key(key));
  return out;
}

std::string toml_value(const DumpScalar& value) {
  if (const bool* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* table = std::get_if<DumpTable>(&value)) {
    std::vector<std::string> items;
    for (const auto& [key, text] : *table) items.push_back(fmt::format("{} = {}", toml_key(key), toml_quote(text)));
    return fmt::format("{{ {} }}", fmt::join(items, ", "));
  }
  return toml_quote(std::get<std::string>(value));
}

std::string toml_value(const DumpEntry& entry) {
  if (!entry.list) return toml_value(entry.values.front());
  std::vector<std::string> items;
  for (const DumpScalar& value : entry.values) items.push_back(toml_value(value));
  return fmt::format("[{}]", fmt::join(items, ", "));
}

Json json_scalar(const DumpScalar& value) {
  if (const auto* table = std::get_if<DumpTable>(&value)) {
    Json object = Json::object();
    for (const auto& [key, text] : *table) object[key] = text;
    return object;
  }
  return std::visit([](const auto& held) { return Json(held); }, value);
}

Json json_value(const DumpEntry& entry, bool origins) {
  Json value;
  if (entry.list) {
    value = Json::array();
    for (const DumpScalar& item : entry.values) value.push_back(json_scalar(item));
  } else {
    value = json_scalar(entry.values.front());
  }
  return origins ? Json{{"value", std::move(value)}, {"origin", entry.origin.to_string()}} : value;
}

// operator[] alone: the names are the operator's and may look like anything.
Json& descend(Json& from, const std::vector<std::string>& path) {
  Json* at = &from;
  for (const std::string& key : path) at = &(*at)[key];
  return *at;
}

}  // namespace

std::string toml_quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.append({'\\', c});
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (ascii::is_control(c)) {
      out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string dump_toml(const Config& config, bool origins) {
  std::string out;
  for (const DumpSection& section : dump_model(config)) {
    if (!section.path.empty()) {
      const std::string path = toml_path(section.path);
      out += section.repeated ? fmt::format("\n[[{}]]\n", path) : fmt::format("\n[{}]\n", path);
    }
    for (const DumpEntry& entry : section.entries) {
      out += fmt::format("{} = {}", toml_path(entry.key), toml_value(entry));
      if (origins) out += fmt::format("  # {}", entry.origin.to_string());
      out += '\n';
    }
  }
  return out;
}

std::string dump_json(const Config& config, bool origins) {
  Json root = Json::object();
  for (const DumpSection& section : dump_model(config)) {
    Json* table = &descend(root, section.path);
    if (section.repeated) {
      table->push_back(Json::object());
      table = &table->back();
    }
    for (const DumpEntry& entry : section.entries) descend(*table, entry.key) = json_value(entry, origins);
  }
  return root.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace flare::server::config
