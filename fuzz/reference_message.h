// What a request is, a second time: slow, one line after the other, in other code than the parser's, so that the fuzz
// target of the connection can tell where each message ends and which is refused (RFC 9112; behaviour.md H-1 to H-14).
#pragma once

#include <arpa/inet.h>

#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flare::fuzz {

struct ReferenceMessage {
  enum class Kind : std::uint8_t { kIncomplete, kRefused, kRequest };
  Kind kind = Kind::kRefused;
  std::string method;
  std::string target;
  bool http10 = false;
  bool keep_alive = false;
  bool expects = false;  ///< 100-continue
  bool chunked = false;
  std::uint64_t length = 0;  ///< Content-Length
  bool complete = false;     ///< all of the content is here and well-formed
  std::string content;       ///< where complete
  std::size_t size = 0;      ///< of head and content, where complete
};

namespace reference {

inline bool is_token(const std::string& text) {
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 &&
        std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string::npos) {
      return false;
    }
  }
  return !text.empty();
}
inline bool is_text(const std::string& text) {
  for (const char c : text) {
    if (std::iscntrl(static_cast<unsigned char>(c)) != 0 && c != '\t') return false;
  }
  return true;
}
inline std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}
inline std::string stripped(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}
inline std::vector<std::string> split(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t at = 0; (at = text.find(separator, begin)) != std::string::npos; begin = at + separator.size()) {
    parts.push_back(text.substr(begin, at - begin));
  }
  parts.push_back(text.substr(begin));
  return parts;
}
inline bool all_of(const std::string& text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string::npos;
}
inline constexpr std::string_view kDigits = "0123456789";
inline constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";

/// Triplets of unreserved characters decoded, the others kept; nullopt for a bad one or one that hides a control.
inline std::optional<std::string> decoded(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const std::string hex = text.substr(i + 1, 2);
    if (hex.size() != 2 || !all_of(hex, kHexDigits)) return std::nullopt;
    const auto byte = static_cast<unsigned char>(std::strtoul(hex.c_str(), nullptr, 16));
    if (byte < 0x20 || byte == 0x7F) return std::nullopt;
    const bool unreserved =
        byte < 0x80 && (std::isalnum(byte) != 0 || byte == '-' || byte == '.' || byte == '_' || byte == '~');
    out += unreserved ? std::string(1, static_cast<char>(byte)) : "%" + hex;
    i += 2;
  }
  return out;
}

/// Whether `bytes` decode to characters whose encodings they are (RFC 3629 §3).
inline bool is_utf8(const std::string& bytes) {
  for (std::size_t i = 0; i < bytes.size();) {
    const auto lead = static_cast<unsigned char>(bytes[i]);
    const std::size_t more = lead < 0x80   ? 0
                             : lead < 0xC0 ? 9
                             : lead < 0xE0 ? 1
                             : lead < 0xF0 ? 2
                             : lead < 0xF8 ? 3
                                           : 9;
    if (more == 9 || i + more >= bytes.size()) return false;
    std::uint32_t character = more == 0 ? lead : lead & (0x3FU >> more);
    for (std::size_t k = 1; k <= more; ++k) {
      const auto next = static_cast<unsigned char>(bytes[i + k]);
      if ((next & 0xC0U) != 0x80) return false;
      character = character << 6U | (next & 0x3FU);
    }
    constexpr std::uint32_t kFirst[] = {0, 0x80, 0x800, 0x10000};
    if (character < kFirst[more] || character > 0x10FFFF || (character >= 0xD800 && character <= 0xDFFF)) return false;
    i += more + 1;
  }
  return true;
}

inline std::string bytes_of(const std::string& path) {
  std::string bytes;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool triplet = path[i] == '%';
    bytes += triplet ? static_cast<char>(std::strtoul(path.substr(i + 1, 2).c_str(), nullptr, 16)) : path[i];
    if (triplet) i += 2;
  }
  return bytes;
}

inline bool is_path(const std::string& path) {
  const auto plain = decoded(path);
  if (!plain || !is_utf8(bytes_of(path))) return false;
  for (const std::string& segment : split(*plain, "/")) {
    if (segment == "." || segment == "..") return false;
  }
  return true;
}

inline bool is_authority(const std::string& text) {
  std::string host = text;
  std::string port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string::npos) return false;
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    in6_addr ignored{};
    if (host.find('\0') != std::string::npos || ::inet_pton(AF_INET6, host.c_str(), &ignored) != 1) return false;
  } else {
    host = text.substr(0, text.find(':'));
    port = text.substr(host.size());
    if (host.empty()) return false;
    for (std::size_t i = 0; i < host.size(); ++i) {
      if (host[i] == '%') {
        const std::string hex = host.substr(i + 1, 2);
        if (hex.size() != 2 || !all_of(hex, kHexDigits)) return false;
        i += 2;
      } else if (std::isalnum(static_cast<unsigned char>(host[i])) == 0 &&
                 std::string_view("-._~!$&'()*+,;=").find(host[i]) == std::string::npos) {
        return false;
      }
    }
  }
  if (port.empty() || port == ":") return true;
  port.erase(0, 1);
  if (text[text.size() - port.size() - 1] != ':' || !all_of(port, kDigits)) return false;
  port.erase(0, port.find_first_not_of('0'));
  return port.size() <= 5 && std::strtoul(port.c_str(), nullptr, 10) <= 65535;
}

inline bool is_target(const std::string& method, const std::string& target) {
  for (const char c : target) {
    if (std::isgraph(static_cast<unsigned char>(c)) == 0 || std::string_view("#\"<>").find(c) != std::string::npos)
      return false;
  }
  if (target.starts_with('/')) return is_path(target.substr(0, target.find('?')));
  if (target == "*") return method == "OPTIONS";
  std::string rest;
  if (lower(target).starts_with("http://")) rest = target.substr(7);
  if (lower(target).starts_with("https://")) rest = target.substr(8);
  const std::string authority = rest.substr(0, rest.find_first_of("/?"));
  rest.erase(0, authority.size());
  return is_authority(authority) && is_path(rest.substr(0, rest.find('?')));
}

inline bool read_request_line(const std::string& line, ReferenceMessage& message) {
  const auto words = split(line, " ");
  if (words.size() != 3 || !is_token(words[0]) || words[0].size() > 32) return false;
  message.method = words[0];
  message.target = words[1];
  const std::string& version = words[2];
  if (words[0] == "CONNECT" || words[0] == "TRACE" || !is_target(words[0], words[1])) return false;
  if (version.size() != 8 || !version.starts_with("HTTP/1.") ||
      std::isdigit(static_cast<unsigned char>(version[7])) == 0) {
    return false;
  }
  message.http10 = version[7] == '0';
  return true;
}

inline bool read_fields(const std::vector<std::string>& lines, ReferenceMessage& message) {
  int hosts = 0, lengths = 0, codings = 0;
  bool close = false, keep = false;
  if (lines.size() > 100) return false;
  for (const std::string& line : lines) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || !is_token(line.substr(0, colon)) || !is_text(line)) return false;
    const std::string name = lower(line.substr(0, colon));
    const std::string value = stripped(line.substr(colon + 1));
    if (name == "host") {
      ++hosts;
      if (!is_authority(value)) return false;
    } else if (name == "expect" && !message.http10) {
      for (const std::string& member : split(value, ",")) {
        if (stripped(member).empty()) continue;
        if (lower(stripped(member)) != "100-continue") return false;
        message.expects = true;
      }
    } else if (name == "connection") {
      for (const std::string& option : split(value, ",")) {
        close = close || lower(stripped(option)) == "close";
        keep = keep || lower(stripped(option)) == "keep-alive";
      }
    } else if (name == "content-length") {
      ++lengths;
      std::string digits = value;
      if (digits.empty() || !all_of(digits, kDigits)) return false;
      digits.erase(0, digits.find_first_not_of('0'));
      if (digits.size() > 19 || std::strtoull(digits.c_str(), nullptr, 10) > INT64_MAX) return false;
      message.length = std::strtoull(digits.c_str(), nullptr, 10);
    } else if (name == "transfer-encoding") {
      ++codings;
      if (message.http10 || lower(value) != "chunked") return false;
      message.chunked = true;
    }
  }
  message.keep_alive = !close && (keep || !message.http10);
  return hosts <= 1 && (hosts == 1 || message.http10) && lengths + codings <= 1;
}

/// What follows the size on a chunk's line: *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )
inline bool is_chunk_extension(const std::string& text) {
  if (text.size() > 256 || !is_text(text)) return false;
  std::size_t at = 0;
  const auto blanks = [&] { at = std::min(text.find_first_not_of(" \t", at), text.size()); };
  const auto token = [&] {
    const std::size_t begin = at;
    while (at < text.size() && is_token(text.substr(at, 1))) ++at;
    return at != begin;
  };
  while (at < text.size()) {
    blanks();
    if (at == text.size() || text[at++] != ';') return false;
    blanks();
    if (!token()) return false;
    const std::size_t after_name = at;
    blanks();
    if (at == text.size() || text[at] != '=') {
      at = after_name;
      continue;
    }
    ++at;
    blanks();
    if (at == text.size() || text[at] != '"') {
      if (!token()) return false;
      continue;
    }
    for (++at; at < text.size() && text[at] != '"'; ++at) at += text[at] == '\\' ? 1 : 0;
    if (at >= text.size()) return false;
    ++at;
  }
  return true;
}

/// Chunks at the start of `text`; false where they are not all there or malformed.
inline bool read_chunks(const std::string& text, ReferenceMessage& message, std::size_t& size) {
  std::size_t at = 0;
  const auto line = [&]() -> std::optional<std::string> {
    const std::size_t end = text.find("\r\n", at);
    if (end == std::string::npos) return std::nullopt;
    std::string found = text.substr(at, end - at);
    at = end + 2;
    return found;
  };
  for (;;) {
    const auto head = line();
    if (!head) return false;
    const std::string hex = head->substr(0, head->find_first_not_of(kHexDigits));
    if (hex.empty() || hex.size() > 16 || !is_chunk_extension(head->substr(hex.size()))) return false;
    const std::uint64_t count = std::strtoull(hex.c_str(), nullptr, 16);
    if (count == 0) break;
    if (count > text.size() - at) return false;
    message.content += text.substr(at, count);
    at += count;
    if (text.substr(at, 2) != "\r\n") return false;
    at += 2;
  }
  for (int trailers = 0;; ++trailers) {
    const auto trailer = line();
    if (!trailer || trailers > 100) return false;
    if (trailer->empty()) break;
    const std::size_t colon = trailer->find(':');
    if (colon == std::string::npos || !is_token(trailer->substr(0, colon)) || !is_text(*trailer)) return false;
  }
  size = at;
  return true;
}

}  // namespace reference

/// The message at the start of `input`, which is not empty. Knows the default limits of count, not those of size: give
/// it less than 8 KiB.
inline ReferenceMessage read_message(const std::string& input) {
  ReferenceMessage message;
  const std::size_t skipped = input.starts_with("\r\n") ? 2 : 0;
  const std::string text = input.substr(skipped);
  if (text.starts_with("\r\n")) return message;
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos) {
    message.kind = ReferenceMessage::Kind::kIncomplete;
    return message;
  }
  std::vector<std::string> lines = reference::split(text.substr(0, end), "\r\n");
  if (!reference::read_request_line(lines.front(), message)) return message;
  lines.erase(lines.begin());
  if (!reference::read_fields(lines, message)) return message;
  message.kind = ReferenceMessage::Kind::kRequest;
  const std::string rest = text.substr(end + 4);
  std::size_t content_size = message.length;
  if (message.chunked) {
    message.complete = reference::read_chunks(rest, message, content_size);
  } else {
    message.complete = message.length <= rest.size();
    message.content = rest.substr(0, message.length);
  }
  message.size = skipped + end + 4 + content_size;
  return message;
}

}  // namespace flare::fuzz
