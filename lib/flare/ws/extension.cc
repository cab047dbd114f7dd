#include "flare/ws/extension.h"

#include <algorithm>

#include "flare/base/ascii.h"

namespace flare::ws::detail {
namespace {

std::optional<int> window_bits(std::string_view value) noexcept {
  if (value.size() == 1 && (value == "8" || value == "9")) return value[0] - '0';
  if (value.size() == 2 && value[0] == '1' && value[1] >= '0' && value[1] <= '5') return 10 + value[1] - '0';
  return std::nullopt;
}

bool take_flag(bool& flag, bool has_value) noexcept {
  if (flag || has_value) return false;
  flag = true;
  return true;
}

bool take_bits(std::optional<int>& bits, std::optional<std::string_view> value, bool needs_value) noexcept {
  if (bits || (needs_value && !value)) return false;
  bits = value ? window_bits(*value) : 0;
  return bits.has_value();
}

bool take_parameter(Extension& extension, std::string_view name, std::optional<std::string_view> value) noexcept {
  if (name == "server_no_context_takeover") return take_flag(extension.server_no_context_takeover, value.has_value());
  if (name == "client_no_context_takeover") return take_flag(extension.client_no_context_takeover, value.has_value());
  if (name == "server_max_window_bits") return take_bits(extension.server_max_window_bits, value, true);
  if (name == "client_max_window_bits") return take_bits(extension.client_max_window_bits, value, false);
  return false;
}

}  // namespace

Extension ExtensionReader::extension() noexcept {
  Extension extension{.is_deflate = token() == kDeflateName};
  while (good_ && take_separator(';')) {
    const std::string_view name = token();
    std::optional<std::string_view> value;
    if (good_ && take_separator('=')) value = this->value();
    extension.understood = take_parameter(extension, name, value) && extension.understood;
  }
  return extension;
}

bool ExtensionReader::take_separator(char c) noexcept {
  rest_ = ascii::trim(rest_);
  if (!rest_.starts_with(c)) return false;
  take(1);
  rest_ = ascii::trim(rest_);
  return true;
}

std::string_view ExtensionReader::token() noexcept {
  const std::size_t end =
      static_cast<std::size_t>(std::ranges::find_if_not(rest_, ascii::is_token_char) - rest_.begin());
  if (end == 0) good_ = false;
  return take(end);
}

/// token, or quoted-string whose content is a token.
std::string_view ExtensionReader::value() noexcept {
  if (!rest_.starts_with('"')) return token();
  take(1);
  const std::string_view value = token();
  if (!rest_.starts_with('"')) good_ = false;
  take(std::min<std::size_t>(1, rest_.size()));
  return value;
}

std::string_view ExtensionReader::take(std::size_t count) noexcept {
  const std::string_view taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

}  // namespace flare::ws::detail
