// The one table of configuration keys. The loader, its messages, `config show`, the JSON Schema and docs/config.md all
// derive from it: a key that is not here does not exist (FL0002).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flare::server::config {

/// Where a table's keys may stand. A path is relative to its scope: "limits.body" in kHost is [host.NAME.limits] body.
enum class Scope : std::uint8_t { kTop = 1, kPreset = 2, kHost = 4, kRoute = 8 };

/// A set of scopes.
class Scopes {
 public:
  constexpr Scopes(Scope scope) noexcept
      : bits_(static_cast<std::uint8_t>(scope)) {}  // NOLINT(google-explicit-constructor)
  [[nodiscard]] constexpr bool contains(Scope scope) const noexcept {
    return (bits_ & static_cast<std::uint8_t>(scope)) != 0;
  }
  friend constexpr Scopes operator|(Scopes a, Scopes b) noexcept {
    a.bits_ = static_cast<std::uint8_t>(a.bits_ | b.bits_);
    return a;
  }

 private:
  std::uint8_t bits_;
};
constexpr Scopes operator|(Scope a, Scope b) noexcept { return Scopes(a) | Scopes(b); }

enum class Type : std::uint8_t {
  kBool,
  kInt,
  kIntWord,  ///< an integer out of `words`
  kString,
  kWord,      ///< a string out of `words`
  kSize,      ///< "10MiB"; min and max in bytes
  kByteRate,  ///< "256B/s"; min and max in bytes a second
  kDuration,  ///< "30s"; min and max in milliseconds
  kRate,      ///< "50/s"; min and max per hour
  kPreset,    ///< a table with the keys of Scope::kPreset
  kHost,      ///< a table with the keys of Scope::kHost
  kRoutes,    ///< an array of tables with the keys of Scope::kRoute
  kTables,    ///< an array of tables with the keys below this one's path
};

enum class Shape : std::uint8_t { kOne, kOneOrList };

/// One key. In `path`, "*" stands for a name that the operator chooses.
struct Key {
  std::string_view path;
  Scopes scopes;
  Type type;
  Shape shape = Shape::kOne;
  std::string_view words;  ///< "json|combined"; with kInt, words that may stand instead of the number
  std::int64_t min = 0;    ///< of kInt, kSize, kByteRate, kDuration, kRate
  std::int64_t max = 0;
  std::string_view fallback;  ///< the default as TOML text, "" for none
  bool required = false;      ///< within a table that is present
  std::string_view prose;
};

/// In the order of the documentation.
std::span<const Key> all_keys() noexcept;
/// The key at `path` in `scope`, with "*" for operator-chosen names. nullptr where there is none.
const Key* find_key(Scope scope, std::string_view path) noexcept;
/// Whether some key lies below `path` + ".".
bool is_key_table(Scope scope, std::string_view path) noexcept;
/// What may stand directly below `table` ("" for the scope itself): for "did you mean".
std::vector<std::string_view> names_below(Scope scope, std::string_view table);
/// The words of a key, split.
std::vector<std::string_view> words_of(const Key& key);
/// `a size, such as "10MiB"`, with words, shape and range: for messages and documentation.
std::string describe_type(const Key& key);
/// `1B to 1GiB`; "" where the type has no range.
std::string describe_range(const Key& key);
/// A bound of the key in its unit.
std::string format_bound(const Key& key, std::int64_t value);

}  // namespace flare::server::config
