#include "flare/base/glob.h"

#include <algorithm>
#include <utility>

namespace flare {
namespace {

std::size_t index_of(char c) noexcept { return static_cast<unsigned char>(c); }

/// The end of the element at `at`, so that what a backslash or a bracket covers is not looked into.
std::size_t skip(std::string_view text, std::size_t at) noexcept {
  if (text[at] == '\\') return std::min(at + 2, text.size());
  if (text[at] != '[') return at + 1;
  const std::size_t close = text.find(']', at + 2);  // "[]...]" has a bracket in its set
  return close == std::string_view::npos ? text.size() : close + 1;
}

/// Where one of `wanted` stands outside of sets and escapes, from `at` on.
std::size_t find_plain(std::string_view text, std::string_view wanted, std::size_t at) noexcept {
  while (at < text.size() && !wanted.contains(text[at])) at = skip(text, at);
  return at < text.size() ? at : std::string_view::npos;
}

/// Writes out the braces; false: too many, or not closed.
bool expand(const std::string& text, std::size_t from, std::vector<std::string>& out) {
  const std::size_t open = find_plain(text, "{", from);
  if (open == std::string::npos) {
    out.push_back(text);
    return out.size() <= Glob::kMostVariants;
  }
  const std::size_t close = find_plain(text, "}", open);
  if (close == std::string::npos) return false;
  for (std::size_t begin = open + 1; begin <= close;) {
    const std::size_t end = std::min(find_plain(text, ",}", begin), close);
    const std::string choice = text.substr(begin, end - begin);
    if (!expand(text.substr(0, open) + choice + text.substr(close + 1), open + choice.size(), out)) return false;
    begin = end + 1;
  }
  return true;
}

/// The set between brackets, without them; nullopt: empty, or a range that runs backwards.
std::expected<std::bitset<256>, std::string> parse_set(std::string_view text) {
  const bool negated = text.starts_with('!') || text.starts_with('^');
  if (negated) text.remove_prefix(1);
  std::bitset<256> set;
  for (std::size_t i = 0; i < text.size();) {
    const bool range = i + 2 < text.size() && text[i + 1] == '-';
    const std::size_t first = index_of(text[i]);
    const std::size_t last = range ? index_of(text[i + 2]) : first;
    if (last < first) return std::unexpected("a range in [...] runs backwards");
    for (std::size_t c = first; c <= last; ++c) set.set(c);
    i += range ? 3 : 1;
  }
  if (set.none()) return std::unexpected("[] is an empty set");
  if (negated) set.flip();
  set.reset(index_of('/'));
  return set;
}

}  // namespace

std::expected<Glob, std::string> Glob::parse(std::string_view pattern) {
  if (pattern.empty()) return std::unexpected("it is empty");
  if (pattern.size() > kLongest) return std::unexpected("it is longer than 256 bytes");
  Glob glob;
  glob.whole_path_ = pattern.contains('/');
  if (pattern.starts_with('/')) pattern.remove_prefix(1);
  std::vector<std::string> texts;
  if (!expand(std::string(pattern), 0, texts))
    return std::unexpected("its braces are not closed, or make more than 64 patterns");
  for (const std::string& text : texts) {
    auto variant = compile(text);
    if (!variant) return std::unexpected(std::move(variant.error()));
    glob.variants_.push_back(std::move(*variant));
  }
  return glob;
}

std::expected<Glob::Variant, std::string> Glob::compile(std::string_view text) {
  Variant variant;
  for (std::size_t at = 0; at < text.size();) {
    Token token;
    std::size_t next = skip(text, at);
    if (text.substr(at).starts_with("**/") && (at == 0 || text[at - 1] == '/')) {
      token.kind = Kind::kFolders;
      next = at + 3;
    } else if (text[at] == '*') {
      token.kind = text.substr(at).starts_with("**") ? Kind::kDeepRun : Kind::kRun;
      if (token.kind == Kind::kDeepRun) next = at + 2;
    } else if (text[at] == '?') {
      token.set.set().reset(index_of('/'));
    } else if (text[at] == '[') {
      if (next - at < 3 || text[next - 1] != ']') return std::unexpected("[ is not closed, or empty");
      auto set = parse_set(text.substr(at + 1, next - at - 2));
      if (!set) return std::unexpected(std::move(set.error()));
      token.set = *set;
    } else if (text[at] == '\\') {
      if (next - at != 2) return std::unexpected("it ends in a backslash");
      token.set.set(index_of(text[at + 1]));
    } else {
      token.set.set(index_of(text[at]));
    }
    variant.push_back(token);
    at = next;
  }
  return variant;
}

bool Glob::matches(std::string_view path) const {
  if (!whole_path_) path.remove_prefix(path.rfind('/') + 1);  // npos + 1 == 0
  return std::ranges::any_of(variants_, [path](const Variant& variant) { return matches(variant, path); });
}

bool Glob::matches(const Variant& variant, std::string_view text) {
  Reach reach(text.size() + 1, 0);
  reach[0] = 1;
  for (const Token& token : variant) extend(reach, token, text);
  return reach[text.size()] != 0;
}

/// `reach` with one token more.
void Glob::extend(Reach& reach, const Token& token, std::string_view text) {
  bool begun = reach[0] != 0;
  switch (token.kind) {
    case Kind::kSet:
      for (std::size_t i = text.size(); i > 0; --i) {
        reach[i] = reach[i - 1] != 0 && token.set.test(index_of(text[i - 1])) ? 1 : 0;
      }
      reach[0] = 0;
      return;
    case Kind::kRun:
    case Kind::kDeepRun:
      for (std::size_t i = 1; i <= text.size(); ++i) {
        if (reach[i - 1] != 0 && (token.kind == Kind::kDeepRun || text[i - 1] != '/')) reach[i] = 1;
      }
      return;
    case Kind::kFolders:
      for (std::size_t i = 1; i <= text.size(); ++i) {
        const bool here = reach[i] != 0;
        if (begun && text[i - 1] == '/') reach[i] = 1;
        begun = begun || here;
      }
      return;
  }
}

}  // namespace flare
