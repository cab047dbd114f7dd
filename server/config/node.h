// A parsed TOML document: the tree that everything after the parser works on. Knows nothing of toml++.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/config/source.h"

namespace flare::server::config {

struct Member;

/// One value. Tables keep the order of the file.
struct Node {
  enum class Kind : std::uint8_t { kTable, kArray, kString, kInteger, kFloat, kBoolean, kTime };

  Kind kind = Kind::kTable;
  Location at;
  bool secret = false;  ///< came from @env: or @file: and is shown as "***"
  bool bad = false;     ///< an error was reported for it: readers leave the default in place
  bool boolean = false;
  std::int64_t integer = 0;
  std::string text;  ///< of a string
  std::vector<Node> items;
  std::vector<Member> members;

  [[nodiscard]] const Member* member(std::string_view key) const noexcept;
  [[nodiscard]] Member* member(std::string_view key) noexcept;
  /// The value of `key` in a table, nullptr where it is missing or was reported as bad.
  [[nodiscard]] const Node* find(std::string_view key) const noexcept;
};

struct Member {
  std::string key;
  Location key_at;
  Node value;
};

inline const Member* Node::member(std::string_view key) const noexcept {
  for (const Member& candidate : members) {
    if (candidate.key == key) return &candidate;
  }
  return nullptr;
}
inline Member* Node::member(std::string_view key) noexcept {
  return const_cast<Member*>(static_cast<const Node*>(this)->member(key));
}
inline const Node* Node::find(std::string_view key) const noexcept {
  const Member* found = member(key);
  return found == nullptr || found->value.bad ? nullptr : &found->value;
}

/// "a string", "a table", ...: for messages.
std::string_view describe(Node::Kind kind) noexcept;

}  // namespace flare::server::config
