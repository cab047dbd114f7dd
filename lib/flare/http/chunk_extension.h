// The grammar of chunk extensions (RFC 9112 §7.1.1), byte by byte:
//   *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )
#pragma once

#include <cstdint>
#include <optional>

#include "flare/base/ascii.h"

namespace flare::http {

/// What has been read so far, named after what stands before the next byte.
enum class ChunkExtension : std::uint8_t {
  kBeforeSemicolon,
  kBeforeName,
  kInName,
  kAfterName,
  kBeforeValue,
  kInToken,
  kInQuotes,
  kEscape,
  kAfterQuotes,
};

/// Where `c` leads; nullopt where it must not stand.
constexpr std::optional<ChunkExtension> advance(ChunkExtension state, char c) noexcept {
  using enum ChunkExtension;
  const bool blank = c == ' ' || c == '\t';
  const bool text = blank || !ascii::is_control(c);
  switch (state) {
    case kBeforeSemicolon:
    case kAfterQuotes:
      if (c == ';') return kBeforeName;
      return blank ? std::optional(kBeforeSemicolon) : std::nullopt;
    case kBeforeName:
      if (ascii::is_token_char(c)) return kInName;
      return blank ? std::optional(kBeforeName) : std::nullopt;
    case kInName:
      if (ascii::is_token_char(c)) return kInName;
      [[fallthrough]];
    case kAfterName:
      if (c == '=') return kBeforeValue;
      if (c == ';') return kBeforeName;
      return blank ? std::optional(kAfterName) : std::nullopt;
    case kBeforeValue:
      if (c == '"') return kInQuotes;
      if (ascii::is_token_char(c)) return kInToken;
      return blank ? std::optional(kBeforeValue) : std::nullopt;
    case kInToken:
      if (ascii::is_token_char(c)) return kInToken;
      if (c == ';') return kBeforeName;
      return blank ? std::optional(kBeforeSemicolon) : std::nullopt;
    case kInQuotes:
      if (c == '"') return kAfterQuotes;
      if (c == '\\') return kEscape;
      return text ? std::optional(kInQuotes) : std::nullopt;
    case kEscape: return text ? std::optional(kInQuotes) : std::nullopt;
  }
  return std::nullopt;
}

/// The line may end here.
constexpr bool is_complete(ChunkExtension state) noexcept {
  return state == ChunkExtension::kInName || state == ChunkExtension::kInToken || state == ChunkExtension::kAfterQuotes;
}

}  // namespace flare::http
