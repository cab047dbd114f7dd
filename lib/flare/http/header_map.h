// Fields of a message that we build, kept in wire form: encoding them is one copy.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "flare/base/exception.h"

namespace flare::http {

/// A name that is no token, or a value with CR, LF, NUL or another control byte: it could forge a field or a response.
class HeaderInjectionError : public Exception {
  using Exception::Exception;
};

/// Ordered fields; names compare without case. Small maps live inside the object: no allocation.
/// Every writer, append_parsed() and append_encoded() excepted, throws HeaderInjectionError on a name or value that
/// RFC 9110 §5 does not allow, and drops blanks at a value's ends. Names and values may be views of the map itself.
class HeaderMap {
 public:
  // Not `= default`: with that, `{}` would clear inline_ first.
  HeaderMap() noexcept {}  // NOLINT(modernize-use-equals-default)
  HeaderMap(const HeaderMap& other) { copy(other); }
  HeaderMap(HeaderMap&& other) noexcept { take(other); }
  HeaderMap& operator=(const HeaderMap& other);
  HeaderMap& operator=(HeaderMap&& other) noexcept;
  ~HeaderMap() = default;

  /// Replaces all fields of that name.
  void set(std::string_view name, std::string_view value);
  void append(std::string_view name, std::string_view value);
  /// Removes all fields of that name; how many there were.
  std::size_t remove(std::string_view name) noexcept;
  void clear() noexcept { size_ = 0; }

  /// The first value; the view lives until the map changes.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const noexcept;
  [[nodiscard]] bool contains(std::string_view name) const noexcept { return get(name).has_value(); }
  /// Number of field lines.
  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  /// Calls visit(name, value) for each field line in order (get_all is a visit with a comparison).
  template <class Visit>
  void for_each(Visit&& visit) const;
  /// "Name: value\r\n" for each field, as it goes to the wire.
  [[nodiscard]] std::string_view encoded() const noexcept { return {data(), size_}; }
  /// Appends a field that a parser has seen, which is valid, trimmed, and no view of this map.
  void append_parsed(std::string_view name, std::string_view value);
  /// Appends fields already in wire form and already checked (another map's encoded()).
  void append_encoded(std::string_view lines);

 private:
  static constexpr std::size_t kInline = 256;
  static constexpr std::size_t kBlock = 32;

  [[nodiscard]] const char* data() const noexcept { return spilled() ? overflow_.data() : inline_.data(); }
  [[nodiscard]] char* data() noexcept { return spilled() ? overflow_.data() : inline_.data(); }
  [[nodiscard]] bool spilled() const noexcept { return !overflow_.empty(); }
  /// Room for `count` more bytes at the end; the pointer to them. size_ grows.
  char* grow(std::size_t count);
  void copy(const HeaderMap& other) {
    if (spilled() || other.spilled()) [[unlikely]]
      return copy_spilled(other);
    copy_inline(other);
  }
  void take(HeaderMap& other) noexcept {
    if (spilled() || other.spilled()) [[unlikely]]
      return take_spilled(other);
    copy_inline(other);
    other.size_ = 0;
  }
  void copy_spilled(const HeaderMap& other);
  void take_spilled(HeaderMap& other) noexcept;
  /// Whole blocks: the compiler makes a few moves of it, where a copy of size_ bytes would be a call.
  void copy_inline(const HeaderMap& other) noexcept {
    size_ = other.size_;
    for (std::size_t at = 0; at < size_; at += kBlock)
      std::memcpy(inline_.data() + at, other.inline_.data() + at, kBlock);
  }

  std::uint32_t size_ = 0;
  std::array<char, kInline> inline_;  // NOLINT(cppcoreguidelines-pro-type-member-init): the first size_ bytes are meant
  std::string overflow_;              ///< holds everything (its size is its capacity) once inline_ was too small
};

template <class Visit>
void HeaderMap::for_each(Visit&& visit) const {
  for (std::string_view rest = encoded(); !rest.empty();) {
    const std::size_t colon = rest.find(':');
    const std::size_t end = rest.find('\r', colon);
    visit(rest.substr(0, colon), rest.substr(colon + 2, end - colon - 2));
    rest.remove_prefix(end + 2);
  }
}

}  // namespace flare::http
