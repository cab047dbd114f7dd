// What a client of the bench knows about HTTP: where a response ends.
#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "bench/support/sockets.h"

namespace bench {

inline constexpr std::string_view kOk = "HTTP/1.1 200 ";

// The bytes of a chunked body (RFC 9112, section 7.1), 0 while it is not whole. No trailers, as no server here sends
// any.
inline std::size_t chunked_size(std::string_view body) {
  std::size_t at = 0;
  for (;;) {
    const std::size_t line = body.find("\r\n", at);
    if (line == std::string_view::npos) return 0;
    const std::size_t chunk = std::strtoul(std::string(body.substr(at, line - at)).c_str(), nullptr, 16);
    at = line + 2 + chunk + 2;
    if (at > body.size()) return 0;
    if (chunk == 0) return at;
  }
}

inline std::string lower_case(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return text;
}

// The bytes of the response that `received` begins with, 0 while it is not whole. Anything but a framed 200 ends the
// program.
inline std::size_t response_size(std::string_view received) {
  const std::size_t head = received.find("\r\n\r\n");
  if (head == std::string_view::npos) return 0;
  const std::string fields(received.substr(0, head));
  if (!fields.starts_with(kOk)) fail("not a 200: " + fields);
  const std::size_t body = head + 4;
  const std::string lower = lower_case(fields);  // haproxy writes all names like that
  if (const std::size_t length = lower.find("content-length: "); length != std::string::npos) {
    const std::size_t size = body + std::strtoul(fields.c_str() + length + 16, nullptr, 10);
    return received.size() < size ? 0 : size;
  }
  if (lower.find("transfer-encoding: chunked") == std::string::npos) fail("a response without length: " + fields);
  const std::size_t size = chunked_size(received.substr(body));
  return size == 0 ? 0 : body + size;
}

inline std::string contents(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(std::string("cannot read ") + path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace bench
