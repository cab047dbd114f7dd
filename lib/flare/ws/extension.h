// The grammar of Sec-WebSocket-Extensions (RFC 6455 §9.1) and the parameters of permessage-deflate (RFC 7692 §7.1).
// Internal to deflate_offer.cc. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace flare::ws::detail {

inline constexpr std::string_view kDeflateName = "permessage-deflate";

/// The parameters of one extension, as they stand there.
struct Extension {
  bool is_deflate = false;
  bool understood = true;  ///< every parameter known, once, with a value that it may have
  bool server_no_context_takeover = false;
  bool client_no_context_takeover = false;
  std::optional<int> server_max_window_bits;
  std::optional<int> client_max_window_bits;  ///< 0: named without a value
};

/// Reads extension-list from the front; good() is false once that is not what it is.
class ExtensionReader {
 public:
  explicit ExtensionReader(std::string_view text) noexcept : rest_(text) {}
  [[nodiscard]] bool good() const noexcept { return good_; }
  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }

  /// The next one, with its parameters.
  Extension extension() noexcept;
  /// Whether `c` comes next, blanks around it.
  bool take_separator(char c) noexcept;

 private:
  std::string_view token() noexcept;
  std::string_view value() noexcept;
  std::string_view take(std::size_t count) noexcept;

  std::string_view rest_;
  bool good_ = true;
};

}  // namespace flare::ws::detail
