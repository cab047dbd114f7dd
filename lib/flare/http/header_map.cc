#include "flare/http/header_map.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <utility>

#include "flare/base/ascii.h"
#include "flare/base/quote.h"

namespace flare::http {
namespace {

constexpr std::string_view kSeparator = ": ";
constexpr std::string_view kLineEnd = "\r\n";

/// RFC 9110 §5.5: SP, HTAB, VCHAR and obs-text. No early exit: the loop vectorizes, and a bad value is rare.
bool is_field_value(std::string_view value) noexcept {
  bool bad = false;
  for (char c : value) bad |= ascii::is_control(c) && c != '\t';
  return !bad;
}

void check(std::string_view name, std::string_view value) {
  if (!ascii::is_token(name)) {
    throw HeaderInjectionError("field name " + quote(name) + " is not a token (RFC 9110 §5.1); check names before use");
  }
  if (!is_field_value(value)) {
    throw HeaderInjectionError("value of field " + quote(name) +
                               " contains a control byte (RFC 9110 §5.5); refuse or encode text from outside");
  }
}

char* put(char* out, std::string_view text) noexcept {
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

/// The first line of `lines`, with its line end.
std::string_view first_line(std::string_view lines) noexcept {
  return lines.substr(0, lines.find(kLineEnd.front()) + kLineEnd.size());
}

bool has_name(std::string_view line, std::string_view name) noexcept {
  return line.size() > name.size() && line[name.size()] == ':' && ascii::iequals(line.substr(0, name.size()), name);
}

/// Whether `text` lies in `storage`: it would move or vanish when that changes.
bool lies_in(std::string_view text, std::string_view storage) noexcept {
  const std::less<> before;
  return !text.empty() && !before(text.data(), storage.data()) && before(text.data(), storage.data() + storage.size());
}

}  // namespace

HeaderMap& HeaderMap::operator=(const HeaderMap& other) {
  if (this != &other) copy(other);
  return *this;
}

HeaderMap& HeaderMap::operator=(HeaderMap&& other) noexcept {
  if (this != &other) take(other);
  return *this;
}

void HeaderMap::set(std::string_view name, std::string_view value) {
  if (lies_in(name, encoded()) || lies_in(value, encoded())) return set(std::string(name), std::string(value));
  check(name, value);
  remove(name);
  append(name, value);
}

void HeaderMap::append(std::string_view name, std::string_view value) {
  if (lies_in(name, encoded()) || lies_in(value, encoded())) return append(std::string(name), std::string(value));
  check(name, value);
  append_parsed(name, ascii::trim(value));  // a value has no blanks at its ends, RFC 9110 §5.5
}

void HeaderMap::append_parsed(std::string_view name, std::string_view value) {
  char* out = grow(name.size() + kSeparator.size() + value.size() + kLineEnd.size());
  put(put(put(put(out, name), kSeparator), value), kLineEnd);
}

void HeaderMap::append_encoded(std::string_view lines) {
  if (lies_in(lines, encoded())) return append_encoded(std::string(lines));
  put(grow(lines.size()), lines);
}

std::size_t HeaderMap::remove(std::string_view name) noexcept {
  std::size_t removed = 0;
  char* keep = data();
  for (std::string_view rest = encoded(); !rest.empty();) {
    const std::string_view line = first_line(rest);
    rest.remove_prefix(line.size());
    if (has_name(line, name)) {
      ++removed;
    } else {
      if (keep != line.data()) std::memmove(keep, line.data(), line.size());
      keep += line.size();
    }
  }
  size_ = static_cast<std::uint32_t>(keep - data());
  return removed;
}

std::optional<std::string_view> HeaderMap::get(std::string_view name) const noexcept {
  for (std::string_view rest = encoded(); !rest.empty();) {
    std::string_view line = first_line(rest);
    rest.remove_prefix(line.size());
    if (!has_name(line, name)) continue;
    line.remove_prefix(name.size() + kSeparator.size());
    line.remove_suffix(kLineEnd.size());
    return line;
  }
  return std::nullopt;
}

std::size_t HeaderMap::size() const noexcept {
  return static_cast<std::size_t>(std::ranges::count(encoded(), kLineEnd.front()));
}

char* HeaderMap::grow(std::size_t count) {
  const std::size_t old = size_;
  const std::size_t wanted = old + count;
  if (const std::size_t room = spilled() ? overflow_.size() : kInline; wanted > room) {
    if (wanted > std::numeric_limits<std::uint32_t>::max() / 2) {
      throw Exception("a header map grew beyond 2 GiB; bound what becomes header fields");
    }
    const bool first = !spilled();
    overflow_.resize(wanted * 2);
    if (first) std::memcpy(overflow_.data(), inline_.data(), old);
  }
  size_ = static_cast<std::uint32_t>(wanted);
  return data() + old;
}

void HeaderMap::copy_spilled(const HeaderMap& other) {
  clear();
  append_encoded(other.encoded());
}

void HeaderMap::take_spilled(HeaderMap& other) noexcept {
  overflow_ = std::exchange(other.overflow_, {});
  if (!spilled()) copy_inline(other);
  size_ = std::exchange(other.size_, 0);
}

}  // namespace flare::http
