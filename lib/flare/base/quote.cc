#include "flare/base/quote.h"

namespace flare {

std::string quote(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  constexpr std::size_t kLongest = 128;
  std::string out = "\"";
  for (char c : text.substr(0, kLongest)) {
    if (c >= ' ' && c <= '~' && c != '"' && c != '\\') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append("\\x").append(1, kHex[byte >> 4]).append(1, kHex[byte & 0xF]);
    }
  }
  return out += text.size() > kLongest ? "...\"" : "\"";
}

}  // namespace flare
