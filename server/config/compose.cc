#include "server/config/compose.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "server/config/parse_toml.h"

namespace flare::server::config {
namespace {

constexpr std::int64_t kSchema = 1;

class Composer {
 public:
  explicit Composer(LoadContext& context) : context_(context) {}

  Composed run(std::string name, std::string text) {
    Composed result;
    const std::uint32_t main = context_.sources.add(std::move(name), std::move(text));
    auto document = parse(main);
    if (!document) return {.complete = false};
    result.document = std::move(*document);
    for (const Pattern& pattern : include_patterns(result.document)) {
      for (const std::string& path : matches(pattern)) include(result.document, path, pattern.at);
    }
    result.complete = complete_;
    result.secrets = std::move(secrets_);
    return result;
  }

 private:
  struct Pattern {
    std::string text;
    Location at;
  };

  std::optional<Node> parse(std::uint32_t file) {
    auto document = parse_toml(context_.sources.files()[file].text, file);
    if (!document) {
      context_.report("FL0001", document.error().at, document.error().message);
      complete_ = false;
      return std::nullopt;
    }
    document->at = {.file = file};
    resolve_secrets(*document);
    check_schema(*document);
    return std::move(*document);
  }

  void check_schema(Node& document) {
    Member* schema = document.member("schema");
    if (schema == nullptr || schema->value.kind != Node::Kind::kInteger || schema->value.integer <= kSchema) return;
    context_.report("FL0006", schema->value.at,
                    fmt::format("schema {} is newer than this build ({})", schema->value.integer, kSchema),
                    "install a newer flared, or write schema = 1 and the keys of that version");
    schema->value.bad = true;
  }

  // A copy: merging moves the nodes that it came from.
  static std::vector<Pattern> include_patterns(const Node& document) {
    std::vector<Pattern> patterns;
    for (const Node* node : elements(document.find("include"))) {
      if (node->kind == Node::Kind::kString) patterns.push_back({node->text, node->at});
    }
    return patterns;
  }

  // A pattern with wildcards may match nothing (an empty conf.d is fine); a plain name must be there.
  std::vector<std::string> matches(const Pattern& pattern) const {
    const std::string path = context_.resolve(pattern.at, pattern.text);
    if (path.find_first_of("*?[") == std::string::npos) return {path};
    return context_.files.glob(path);
  }

  void include(Node& document, const std::string& path, const Location& at) {
    const auto& known = context_.sources.files();
    if (std::ranges::find(known, path, &SourceFile::name) != known.end()) {
      return context_.report("FL0005", at, fmt::format("{} is included twice", path), "name every file once");
    }
    auto text = context_.files.read(path);
    if (!text) {
      complete_ = false;
      return context_.report("FL0001", at, fmt::format("cannot read {}: {}", path, text.error()),
                             "paths are relative to the file that names them");
    }
    const std::uint32_t file = context_.sources.add(path, std::move(*text));
    auto part = parse(file);
    if (!part) return;
    if (const Member* nested = part->member("include")) {
      context_.report("FL0002", nested->key_at, "\"include\" in an included file",
                      "name all files in the include of the main file");
    }
    merge(document, std::move(*part), "");
  }

  static bool is_table_array(const Node& node) {
    return node.kind == Node::Kind::kArray && !node.items.empty() &&
           std::ranges::all_of(node.items, [](const Node& item) { return item.kind == Node::Kind::kTable; });
  }

  void merge(Node& into, Node from, const std::string& title) {
    for (Member& member : from.members) {
      Member* existing = into.member(member.key);
      const std::string name = title.empty() ? member.key : fmt::format("{}.{}", title, member.key);
      if (title.empty() && (member.key == "include" || (member.key == "schema" && existing != nullptr))) continue;
      if (existing == nullptr) {
        into.members.push_back(std::move(member));
      } else if (existing->value.kind == Node::Kind::kTable && member.value.kind == Node::Kind::kTable) {
        merge(existing->value, std::move(member.value), name);
      } else if (is_table_array(existing->value) && is_table_array(member.value)) {
        std::ranges::move(member.value.items, std::back_inserter(existing->value.items));
      } else {
        const std::string where = title.empty() ? "at the top level" : fmt::format("in [{}]", title);
        context_.report("FL0005", member.key_at, fmt::format("\"{}\" {} is defined twice", member.key, where),
                        "keep one of them",
                        {{context_.sources.place(existing->key_at), "the first definition is here"}});
      }
    }
  }

  void resolve_secrets(Node& node) {
    if (node.kind == Node::Kind::kString) resolve_secret(node);
    for (Node& item : node.items) resolve_secrets(item);
    for (Member& member : node.members) resolve_secrets(member.value);
  }

  void resolve_secret(Node& node) {
    constexpr std::string_view kEnv = "@env:";
    constexpr std::string_view kFile = "@file:";
    if (node.text.starts_with(kEnv)) {
      node.secret = true;
      const auto value = context_.files.environment(node.text.substr(kEnv.size()));
      if (!value) return no_secret(node, fmt::format("{} is not set", node.text), "set the environment variable");
      node.text = *value;
      secrets_.push_back(node.text);
    } else if (node.text.starts_with(kFile)) {
      node.secret = true;
      read_secret(node, context_.resolve(node.at, std::string_view(node.text).substr(kFile.size())));
    }
  }

  void read_secret(Node& node, const std::string& path) {
    constexpr unsigned kOthersMayRead = 04;
    const auto facts = context_.files.facts(path);
    if (facts && (facts->mode & kOthersMayRead) != 0) {
      return no_secret(node, fmt::format("{} is readable by others ({:04o})", path, facts->mode),
                       fmt::format("chmod o= {}", path));
    }
    auto text = context_.files.read(path);
    if (!text) return no_secret(node, fmt::format("cannot read {}: {}", path, text.error()), "");
    // Editors end files with a line break that is no part of the secret.
    if (text->ends_with('\n')) text->pop_back();
    if (text->ends_with('\r')) text->pop_back();
    node.text = std::move(*text);
    secrets_.push_back(node.text);
  }

  void no_secret(Node& node, std::string message, std::string help) {
    node.bad = true;
    node.text.clear();
    context_.report("FL0007", node.at, std::move(message), std::move(help));
  }

  LoadContext& context_;
  bool complete_ = true;
  std::vector<std::string> secrets_;
};

}  // namespace

Composed compose(LoadContext& context, std::string name, std::string text) {
  return Composer(context).run(std::move(name), std::move(text));
}

}  // namespace flare::server::config
