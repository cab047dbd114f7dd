// What the fields of a request mean to the connection: Host, framing, persistence, expectation. Internal to
// request_head.cc.
#pragma once

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "flare/http/byte_scan.h"
#include "flare/http/request_head.h"

namespace flare::http::detail {

/// Sees every field line in order, then the end of the head; both give the reason to refuse it.
class HeadSemantics {
 public:
  explicit HeadSemantics(RequestHead& head) noexcept : head_(head) {}

  /// Precondition: the name is a token, the value is trimmed. Inline: fields nobody asks for cost a comparison or two.
  template <class Scan>
  Reason see(const Field& field) noexcept {
    const std::string_view name = field.name;
    switch (name.size() << 8 | static_cast<unsigned char>(name[0] | 0x20)) {
      case 4 << 8 | 'h':
        return is(name, "host") ? see_host(field.value, is_plain_host<Scan>(field.value)) : Reason::kNone;
      case 6 << 8 | 'e': return is(name, "expect") ? see_expect(field.value) : Reason::kNone;
      case 10 << 8 | 'c': return is(name, "connection") ? see_connection(field.value) : Reason::kNone;
      case 14 << 8 | 'c': return is(name, "content-length") ? see_content_length(field.value) : Reason::kNone;
      case 17 << 8 | 't': return is(name, "transfer-encoding") ? see_transfer_encoding(field.value) : Reason::kNone;
      default: return Reason::kNone;
    }
  }

  Reason finish() noexcept {
    if (!has_host_ && head_.minor_version != 0) return Reason::kMissingHost;  // RFC 9112 §3.2
    head_.keep_alive = !close_ && (head_.minor_version != 0 || keep_alive_);  // RFC 9112 §9.3
    return Reason::kNone;
  }

 private:
  /// `text`, without control bytes, is as long as `lower`, letters and '-': then only a letter's case differs by 0x20
  /// alone. In words that overlap.
  template <std::size_t kSize>
  static bool is(std::string_view text, const char (&lower)[kSize]) noexcept {
    constexpr std::size_t kCount = kSize - 1;
    using Word = std::conditional_t<(kCount < 8), std::uint32_t, std::uint64_t>;
    const auto word = [](const char* from) {
      Word bytes;
      std::memcpy(&bytes, from, sizeof bytes);
      return bytes;
    };
    constexpr auto kCaseBits = static_cast<Word>(0x2020202020202020);
    Word difference = 0;
    for (std::size_t at = 0; at < kCount; at += sizeof(Word)) {
      const std::size_t from = std::min(at, kCount - sizeof(Word));
      difference |= (word(text.data() + from) | kCaseBits) ^ word(lower + from);
    }
    return difference == 0;
  }

  /// A plain name or IPv4 address, with a port up to 59999: is_valid_authority would say yes, at a higher price.
  template <class Scan>
  static bool is_plain_host(std::string_view value) noexcept {
    const char* const end = value.data() + value.size();
    // A request line stands before it: that is enough room for any scanner (byte_scan.h).
    const char* const stop = Scan::template skip<ByteSet::kPlainHost>(value.data(), end);
    if (stop == value.data()) return false;
    if (stop == end) return true;
    if (*stop != ':' || end - stop > 6 || (end - stop == 6 && stop[1] > '5')) return false;
    return Scan::template skip<ByteSet::kDigit>(stop + 1, end) == end;
  }

  Reason see_host(std::string_view value, bool plain) noexcept;
  Reason see_expect(std::string_view value) noexcept;
  Reason see_connection(std::string_view value) noexcept {
    if (value.size() != 10 || !is(value, "keep-alive")) return see_connection_options(value);
    keep_alive_ = true;
    return Reason::kNone;
  }
  Reason see_connection_options(std::string_view value) noexcept;
  Reason see_content_length(std::string_view value) noexcept;
  Reason see_transfer_encoding(std::string_view value) noexcept;

  RequestHead& head_;
  bool has_host_ = false;
  bool close_ = false;
  bool keep_alive_ = false;
};

}  // namespace flare::http::detail
