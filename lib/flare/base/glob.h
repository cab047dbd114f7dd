// Patterns of file names, as shells have them. Pure.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace flare {

/// `*` any run of characters without '/', `**` with it, `**/` any number of folders, `?` one character but '/', `[a-f]`
/// and `[!a-f]` one of a set, `{js,css}` one of several texts (not nested), `\` the next character as it is. A pattern
/// without '/' is about the last segment of a path, one with it, "/a" included, about all of the path. Bytes, with
/// case.
class Glob {
 public:
  static constexpr std::size_t kLongest = 256;      ///< bytes of a pattern
  static constexpr std::size_t kMostVariants = 64;  ///< that its braces make

  /// The error says what is wrong, for people.
  static std::expected<Glob, std::string> parse(std::string_view pattern);

  /// `path` without leading slash. Takes time in proportion to the product of both lengths, whatever they hold.
  [[nodiscard]] bool matches(std::string_view path) const;

 private:
  enum class Kind : std::uint8_t { kSet, kRun, kDeepRun, kFolders };
  struct Token {
    Kind kind = Kind::kSet;
    std::bitset<256> set;
  };
  using Variant = std::vector<Token>;
  using Reach = std::vector<char>;  ///< which lengths of a text some tokens can cover

  static std::expected<Variant, std::string> compile(std::string_view text);
  static bool matches(const Variant& variant, std::string_view text);
  static void extend(Reach& reach, const Token& token, std::string_view text);

  std::vector<Variant> variants_;
  bool whole_path_ = false;
};

}  // namespace flare
