#include "flare/handlers/uri_text.h"

#include "flare/base/ascii.h"

namespace flare::handlers {
namespace {

bool stays(char c) noexcept {  // RFC 3986 §2.2, §2.3, but for ' and #
  return ascii::is_alnum(c) || std::string_view("-._~:/?[]@!$&()*+,;=").contains(c);
}

bool is_triplet(std::string_view text) noexcept {
  return text.size() >= 3 && text[0] == '%' && ascii::hex_value(text[1]) >= 0 && ascii::hex_value(text[2]) >= 0;
}

}  // namespace

bool is_uri_text(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!stays(text[i]) && text[i] != '#' && !is_triplet(text.substr(i))) return false;
  }
  return true;
}

void append_uri_text(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (stays(c) || is_triplet(text.substr(i))) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4U];
    out += kHex[byte & 0xFU];
  }
}

}  // namespace flare::handlers
