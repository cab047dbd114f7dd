// What the steps of a load share. Private to server/config.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/config/config.h"
#include "server/config/diagnostic.h"
#include "server/config/files.h"
#include "server/config/node.h"

namespace flare::server::config {

struct LoadContext {
  const Files& files;
  SourceSet& sources;
  Diagnostics& diagnostics;

  void report(std::string_view id, const Location& at, std::string message, std::string help = {},
              std::vector<Note> notes = {}) {
    diagnostics.add({.id = id,
                     .place = sources.place(at),
                     .message = std::move(message),
                     .notes = std::move(notes),
                     .help = std::move(help)});
  }
  [[nodiscard]] Origin origin(const Node& node, std::string_view via = {}) const {
    const bool secret = node.secret || std::ranges::any_of(node.items, &Node::secret);
    return {sources.place(node.at), std::string(via), secret};
  }
  /// `path`, written at `at`, as seen from the working directory: relative paths start at the file that holds them.
  [[nodiscard]] std::string resolve(const Location& at, std::string_view path) const {
    return relative_to(sources.files()[at.file].name, path);
  }
};

/// The good elements of a list, or the node itself where one value stands for a list of one.
inline std::vector<const Node*> elements(const Node* node) {
  std::vector<const Node*> list;
  if (node == nullptr) return list;
  if (node->kind != Node::Kind::kArray) return {node};
  for (const Node& item : node->items) {
    if (!item.bad) list.push_back(&item);
  }
  return list;
}

/// A value as messages quote it: secrets as "***".
std::string shown(const Node& node);

}  // namespace flare::server::config
