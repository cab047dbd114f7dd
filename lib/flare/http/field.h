// Field lines of a received message: views into the receive buffer (RFC 9110 §5).
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "flare/base/ascii.h"

namespace flare::http {

/// Name as received (compare without case), value without surrounding whitespace.
struct Field {
  std::string_view name;
  std::string_view value;
};

/// A look at parsed fields; lives as long as the buffer they were parsed from.
class Fields {
 public:
  constexpr Fields() = default;
  constexpr explicit Fields(std::span<const Field> fields) noexcept : fields_(fields) {}

  /// The first value of `name`.
  [[nodiscard]] constexpr std::optional<std::string_view> get(std::string_view name) const noexcept {
    for (const Field& field : fields_) {
      if (ascii::iequals(field.name, name)) return field.value;
    }
    return std::nullopt;
  }
  [[nodiscard]] constexpr bool contains(std::string_view name) const noexcept { return get(name).has_value(); }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return fields_.size(); }
  [[nodiscard]] constexpr auto begin() const noexcept { return fields_.begin(); }
  [[nodiscard]] constexpr auto end() const noexcept { return fields_.end(); }

 private:
  std::span<const Field> fields_;
};

}  // namespace flare::http
