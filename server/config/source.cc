#include "server/config/source.h"

#include <string_view>

namespace flare::server::config {
namespace {

std::string_view nth_line(std::string_view text, std::uint32_t number) {
  for (std::uint32_t line = 1; line < number; ++line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::uint32_t SourceSet::add(std::string name, std::string text) {
  files_.push_back({std::move(name), std::move(text)});
  return static_cast<std::uint32_t>(files_.size() - 1);
}

Place SourceSet::place(const Location& location) const {
  if (location.file >= files_.size()) return {};
  const SourceFile& file = files_[location.file];
  Place place{.file = file.name, .line = location.line, .column = location.column, .length = location.length};
  if (location.known()) place.line_text = nth_line(file.text, location.line);
  return place;
}

}  // namespace flare::server::config
