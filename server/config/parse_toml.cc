#include "server/config/parse_toml.h"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#endif
#include <toml++/toml.h>
#if defined(__clang__)
#pragma clang diagnostic pop
#endif

#include <algorithm>
#include <tuple>

namespace flare::server::config {
namespace {

Location locate(const toml::source_region& region, std::uint32_t file) {
  Location at{.file = file, .line = region.begin.line, .column = region.begin.column};
  if (region.end.line == region.begin.line && region.end.column > region.begin.column) {
    at.length = region.end.column - region.begin.column;
  }
  return at;
}

bool before(const Location& a, const Location& b) { return std::tie(a.line, a.column) < std::tie(b.line, b.column); }

Node convert(const toml::node& from, std::uint32_t file);

Node convert_table(const toml::table& from, std::uint32_t file) {
  Node table{.kind = Node::Kind::kTable};
  for (const auto& [key, value] : from) {
    table.members.push_back({std::string(key.str()), locate(key.source(), file), convert(value, file)});
  }
  // toml++ sorts by name; people expect diagnostics and dumps in the order of the file.
  std::ranges::sort(table.members, before, &Member::key_at);
  return table;
}

Node convert(const toml::node& from, std::uint32_t file) {
  Node node;
  if (const toml::table* table = from.as_table()) {
    node = convert_table(*table, file);
  } else if (const toml::array* array = from.as_array()) {
    node.kind = Node::Kind::kArray;
    for (const toml::node& item : *array) node.items.push_back(convert(item, file));
  } else if (const auto* text = from.as_string()) {
    node.kind = Node::Kind::kString;
    node.text = text->get();
  } else if (const auto* integer = from.as_integer()) {
    node.kind = Node::Kind::kInteger;
    node.integer = integer->get();
  } else if (const auto* boolean = from.as_boolean()) {
    node.kind = Node::Kind::kBoolean;
    node.boolean = boolean->get();
  } else {
    node.kind = from.is_floating_point() ? Node::Kind::kFloat : Node::Kind::kTime;
  }
  node.at = locate(from.source(), file);
  return node;
}

// toml++ prefixes what it was doing ("Error while parsing key-value pair: ..."): the caret says that already.
std::string tidy(std::string_view description) {
  if (description.starts_with("Error while parsing ")) {
    const std::size_t colon = description.find(": ");
    if (colon != std::string_view::npos) description.remove_prefix(colon + 2);
  }
  return std::string(description);
}

}  // namespace

std::string_view describe(Node::Kind kind) noexcept {
  switch (kind) {
    case Node::Kind::kTable: return "a table";
    case Node::Kind::kArray: return "a list";
    case Node::Kind::kString: return "a string";
    case Node::Kind::kInteger: return "a number";
    case Node::Kind::kFloat: return "a fraction";
    case Node::Kind::kBoolean: return "a boolean";
    case Node::Kind::kTime: return "a date or time";
  }
  return "";
}

std::expected<Node, SyntaxError> parse_toml(std::string_view text, std::uint32_t file) {
  const toml::parse_result result = toml::parse(text);
  if (!result) {
    return std::unexpected(SyntaxError{locate(result.error().source(), file), tidy(result.error().description())});
  }
  return convert_table(result.table(), file);
}

}  // namespace flare::server::config
