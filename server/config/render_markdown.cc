#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "server/config/docs.h"
#include "server/config/keys.h"

namespace flare::server::config {
namespace {

constexpr std::string_view kIntroduction = R"(# flare.toml: all keys

Generated from the key table (server/config/keys.cc) by `flare-gendocs docs`; a test fails where this page and the table differ.

Relative paths are relative to the file that holds them. A duration is digits and `ms`, `s`, `m`, `h` or `d`; a size is digits and
`B`, `KiB`, `MiB` or `GiB`; a rate is digits and `/s`, `/m` or `/h`. Where a list is allowed, one value stands for a list of one. A string that is wholly `"@env:NAME"` or
`"@file:PATH"` is read from there when the configuration is loaded (the file must not be readable by others) and shown as `***`;
nothing else is ever substituted. A key that is not on this page is an error.

Settings merge downwards: built-in, then `[limits]`, then presets in the order of `use` (a host's, then a route's), then what the host
says itself, then what the route says itself. Scalars and lists replace; `headers.set` merges by field name; `headers.unset` removes.

`flared check FILE` says what is wrong with a file, `flared config show --origin` what is in effect and which line says so.
)";

struct Chapter {
  Scope scope;
  std::string_view title;
};
constexpr std::array kChapters{
    Chapter{Scope::kTop, "The top level"},
    Chapter{Scope::kPreset, "[preset.NAME]"},
    Chapter{Scope::kHost, "[host.NAME]"},
    Chapter{Scope::kRoute, "[[route]] and [[host.NAME.route]]"},
};

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string row(const Key& key) {
  const std::string range = describe_range(key);
  std::string type = describe_type(key);
  if (!range.empty()) type += ", " + range;
  std::string path(key.path);
  for (std::size_t star = path.find('*'); star != std::string::npos; star = path.find('*'))
    path.replace(star, 1, "NAME");
  const std::string fallback = key.required           ? "required"
                               : key.fallback.empty() ? std::string("none")
                                                      : fmt::format("`{}`", key.fallback);
  return fmt::format("| `{}` | {} | {} | {} |\n", path, escaped(type), escaped(fallback), escaped(key.prose));
}

}  // namespace

std::string render_markdown() {
  std::string out(kIntroduction);
  for (const Chapter& chapter : kChapters) {
    out += fmt::format("\n## {}\n\n| Key | Type | Default | Meaning |\n|---|---|---|---|\n", chapter.title);
    for (const Key& key : all_keys()) {
      if (key.scopes.contains(chapter.scope)) out += row(key);
    }
  }
  return out;
}

}  // namespace flare::server::config
