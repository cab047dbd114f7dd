// Content codings that flare can apply (RFC 9110 §8.4.1). Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace flare::http {

enum class ContentCoding : std::uint8_t { kZstd, kBrotli, kGzip };

inline constexpr std::array kContentCodings{ContentCoding::kZstd, ContentCoding::kBrotli, ContentCoding::kGzip};

/// As Content-Encoding and Accept-Encoding say it: "zstd" (RFC 8878), "br" (RFC 7932), "gzip".
constexpr std::string_view to_string(ContentCoding coding) noexcept {
  switch (coding) {
    case ContentCoding::kZstd: return "zstd";
    case ContentCoding::kBrotli: return "br";
    case ContentCoding::kGzip: return "gzip";
  }
  return "";
}

constexpr std::optional<ContentCoding> parse_content_coding(std::string_view name) noexcept {
  for (const ContentCoding coding : kContentCodings) {
    if (to_string(coding) == name) return coding;
  }
  return std::nullopt;
}

}  // namespace flare::http
